"""The embedded stack: a real store and a real broker as child processes, no Docker needed."""

from cli.embedded.broker import EmbeddedBroker
from cli.embedded.errors import EmbeddedMissingError
from cli.embedded.stack import EmbeddedStack
from cli.embedded.store import EmbeddedStore

__all__ = ["EmbeddedBroker", "EmbeddedMissingError", "EmbeddedStack", "EmbeddedStore"]
