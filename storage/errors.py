"""What can go wrong with a store, told apart by what the caller should do about it."""


class StoreError(Exception):
    """Any failure of the store; the text says what happened, where, and how to mend it."""


class StoreUnavailable(StoreError):  # noqa: N818  # reads as what it is, not as a fault of ours
    """The store cannot be used right now (away, loading, read-only, full, slow): try again.

    A write that ended so may have been applied, whole or in part; writing it again is safe,
    since views are absolute state. Only an `Append` may then stand in its stream twice.
    """


class StoreRefused(StoreError):  # noqa: N818  # the same
    """The store will refuse this again (password, permission, wrong type): a person must act."""


class Fenced(StoreError):  # noqa: N818  # the same
    """A newer run owns the namespace: this one must stop. Nothing of the batch was written."""

    def __init__(self, namespace: str, run: int, current: int) -> None:
        super().__init__(
            f"run {run} of namespace {namespace!r} was replaced by run {current}; "
            "it must stop, nothing was written"
        )
        self.namespace = namespace
        self.run = run
        self.current = current
