import pytest

from cli import replaying
from storage.errors import StoreUnavailable


def test_a_slow_store_does_not_lose_a_finished_run(monkeypatch: pytest.MonkeyPatch) -> None:
    failures = iter([StoreUnavailable("slow")] * 2)

    def read() -> str:
        for failure in failures:
            raise failure
        return "summary"

    assert replaying._patient(read) == "summary"


def test_a_store_that_stays_away_is_told_of(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(replaying, "STORE_PATIENCE_SECONDS", 0.1)

    def read() -> str:
        raise StoreUnavailable("away")

    with pytest.raises(StoreUnavailable):
        replaying._patient(read)
