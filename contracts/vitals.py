"""What a flow's processes tell of themselves several times a second, for those who operate it.

Wall-clock times, so none of it is part of a state or of its hash.
"""

from msgspec import Struct


class Worker(Struct, kw_only=True):
    """One process of the dataflow. Times in epoch ms.

    `cpu_seconds` since it started; `memory` is the most that it held, in bytes; `parts` are the
    partitions that it reads.
    """

    worker: int
    workers: int
    run: int
    pid: int
    started: int
    written: int
    cpu_seconds: float
    memory: int
    parts: list[str]


class Checkpoint(Struct, kw_only=True):
    """When recovery last took in an epoch: a crash now goes back to about there.

    `time` is that moment (epoch ms), `seconds` how long after the one before it, null until there
    were two under this process. `size` is what recovery and its segments take on disk, in bytes.
    """

    written: int
    time: int
    seconds: float | None = None
    size: int = 0
