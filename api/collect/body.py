"""The bytes of a request's body: bounded, decompressed, and in time."""

import asyncio
import zlib
from typing import Final

from fastapi import Request
from starlette.requests import ClientDisconnect

from api.problems import ProblemError

READ_SECONDS: Final = 30.0
_GZIP: Final = 16 + zlib.MAX_WBITS
_PLAIN: Final = frozenset({"", "identity"})
_ZIPPED: Final = frozenset({"gzip", "x-gzip"})


async def read_body(request: Request, limit: int) -> bytes:
    """Return the body, of at most `limit` bytes after decompression; raise a problem otherwise.

    Nothing beyond the limit is kept or decompressed, whatever the headers say.
    """
    encoding = request.headers.get("content-encoding", "").strip().lower()
    if encoding not in _PLAIN and encoding not in _ZIPPED:
        raise ProblemError(
            415,
            "unsupported-encoding",
            f"Content-Encoding {encoding!a} is not understood; send gzip, or none",
            {"Accept-Encoding": "gzip"},
        )
    try:
        async with asyncio.timeout(READ_SECONDS):
            raw = await _read(request, limit)
    except TimeoutError:
        raise ProblemError(
            408, "request-timeout", f"the body has not arrived within {READ_SECONDS:.0f} s"
        ) from None
    except ClientDisconnect:
        raise ProblemError(400, "incomplete-body", "the client left before the end") from None
    return gunzip(raw, limit) if encoding in _ZIPPED else raw


async def _read(request: Request, limit: int) -> bytes:
    length = request.headers.get("content-length", "")
    if length.isdecimal():
        if int(length[:20]) > limit:
            raise _too_large(limit)
        return await request.body()  # the server lets no more than that through
    chunks = bytearray()
    async for chunk in request.stream():
        chunks += chunk
        if len(chunks) > limit:
            raise _too_large(limit)
    return bytes(chunks)


def gunzip(raw: bytes, limit: int) -> bytes:
    """Return what gzip bytes of one or several members hold, at most `limit` bytes.

    >>> import gzip
    >>> gunzip(gzip.compress(b"{}") + gzip.compress(b" "), 10)
    b'{} '
    """
    out = bytearray()
    while raw:
        member = zlib.decompressobj(_GZIP)
        try:
            out += member.decompress(raw, limit + 1 - len(out))
        except zlib.error:
            raise ProblemError(
                400, "malformed", "the body is not valid gzip, as its Content-Encoding says"
            ) from None
        if len(out) > limit:
            raise _too_large(limit)
        if not member.eof:
            raise ProblemError(400, "malformed", "the gzip body ends too early")
        raw = member.unused_data
    return bytes(out)


def _too_large(limit: int) -> ProblemError:
    return ProblemError(
        413,
        "too-large",
        f"the body has more than {limit:,} bytes (after decompression); send smaller batches",
    )
