import pytest

from storage.memory_views import MemoryStore, MemoryViews
from tests.storage.contract import ViewContract


class MemorySubject:
    def __init__(self) -> None:
        self.now = 1_700_000_000_000
        self.store = MemoryStore(clock=lambda: self.now)

    def views(self, namespace: str = "live", run: int = 0) -> MemoryViews:
        return MemoryViews(self.store, namespace, run)

    def reader(self) -> MemoryViews:
        return MemoryViews(self.store)

    def advance(self, milliseconds: int) -> None:
        self.now += milliseconds

    def wipe(self) -> None:
        self.store.wipe()


class TestMemoryViews(ViewContract):
    @pytest.fixture
    def subject(self) -> MemorySubject:
        return MemorySubject()
