"""Named arrays as bytes: how models save themselves, without pickle.

>>> raw = pack_arrays("demo", {"k": 2}, {"keys": np.array([5, 9], np.uint64)})
>>> meta, arrays = unpack_arrays("demo", raw)
>>> meta["k"], arrays["keys"].tolist()
(2, [5, 9])
"""

from collections.abc import Mapping
from typing import Any, Final

import msgspec
import numpy as np
from numpy.typing import NDArray

VERSION: Final = 1

_DTYPES: Final = {
    np.dtype(name).str: np.dtype(name)
    for name in ("u1", "i1", "u2", "i4", "i8", "u8", "f4", "f8", "?")
}


class _Stored(msgspec.Struct, array_like=True):
    dtype: str
    shape: list[int]
    raw: bytes


class _Part(msgspec.Struct, array_like=True):
    version: int
    kind: str
    meta: dict[str, Any]
    arrays: dict[str, _Stored]


_encoder = msgspec.msgpack.Encoder()
_decoder = msgspec.msgpack.Decoder(_Part)


def pack_arrays(kind: str, meta: Mapping[str, Any], arrays: Mapping[str, NDArray[Any]]) -> bytes:
    """Return plain values and arrays as bytes, the same for the same input."""
    stored = {
        name: _Stored(array.dtype.str, list(array.shape), array.tobytes())
        for name, array in arrays.items()
    }
    return _encoder.encode(_Part(VERSION, kind, dict(meta), stored))


def unpack_arrays(kind: str, raw: bytes) -> tuple[dict[str, Any], dict[str, NDArray[Any]]]:
    """Return what `pack_arrays` was given; the arrays are read-only.

    Raises `ValueError` if the bytes are cut, are of another kind, or of a newer version.
    """
    try:
        part = _decoder.decode(raw)
    except msgspec.MsgspecError as error:
        raise ValueError(f"saved {kind}: not readable: {error}") from None
    if part.kind != kind:
        raise ValueError(f"saved {kind}: these bytes hold a {part.kind!r}")
    if part.version > VERSION:
        raise ValueError(
            f"saved {kind}: version {part.version}; this Headrace reads up to {VERSION}. "
            "Upgrade Headrace, or start the model afresh"
        )
    return part.meta, {name: _array(kind, name, stored) for name, stored in part.arrays.items()}


def _array(kind: str, name: str, stored: _Stored) -> NDArray[Any]:
    dtype = _DTYPES.get(stored.dtype)
    if dtype is None:
        raise ValueError(f"saved {kind}: `{name}` has the unknown type {stored.dtype!r}")
    try:
        return np.frombuffer(stored.raw, dtype).reshape(stored.shape)
    except ValueError as error:
        raise ValueError(f"saved {kind}: `{name}` is damaged: {error}") from None
