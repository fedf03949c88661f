from tests.storage.servers import store_server  # noqa: F401  # a fixture
