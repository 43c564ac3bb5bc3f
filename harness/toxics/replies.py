"""An HTTP/1.1 reply as it stands on the wire, changed in one thing: what is not meant to change keeps its bytes."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

from harness.model.http_faults import Flaw

_HEAD_END = b"\r\n\r\n"
_CHUNKED = re.compile(rb"(?im)^transfer-encoding:.*\bchunked\b")
_LENGTH = re.compile(rb"(?im)^(content-length:[ \t]*)\d+")
_TYPE = re.compile(rb"(?im)^(content-type:[ \t]*)[^\r\n]*")
_EACH = 8
_ALL_BITS = 0xFF


def cut(raw: bytes, keep: int) -> bytes:
    """The reply as far as the first `keep` bytes of its body, as they are sent: coded, if it is."""
    for start, end in _spans(raw):
        if keep <= end - start:
            return raw[: start + keep]
        keep -= end - start
    return raw


def flawed(raw: bytes, flaw: Flaw) -> bytes:
    """The reply with that flaw, framed so that a client reads it to its end."""
    return _FLAWS[flaw](raw)


def _with_other_bytes(raw: bytes) -> bytes:
    changed, place = bytearray(raw), 0
    for start, end in _spans(raw):
        for at in range(start + -place % _EACH, end, _EACH):
            changed[at] ^= _ALL_BITS
        place += end - start
    return bytes(changed)


def _with_other_type(raw: bytes) -> bytes:
    head, rest = _head(raw)
    changed, found = _TYPE.subn(rb"\g<1>text/html", head, count=1)
    return (changed if found else head + b"\r\ncontent-type: text/html") + rest


def _with_half_a_body(raw: bytes) -> bytes:
    head, _ = _head(raw)
    body = b"".join(raw[start:end] for start, end in _spans(raw))
    half = body[: len(body) // 2]
    if _CHUNKED.search(head):
        chunk = b"%x\r\n%s\r\n" % (len(half), half) if half else b""
        return head + _HEAD_END + chunk + b"0\r\n\r\n"
    return _LENGTH.sub(rb"\g<1>%d" % len(half), head, count=1) + _HEAD_END + half


_FLAWS: dict[Flaw, Callable[[bytes], bytes]] = {
    Flaw.BYTES: _with_other_bytes,
    Flaw.TYPE: _with_other_type,
    Flaw.SHORT: _with_half_a_body,
}


def _head(raw: bytes) -> tuple[bytes, bytes]:
    """The head without the empty line that ends it, and all the rest."""
    end = raw.index(_HEAD_END)
    return raw[:end], raw[end:]


def _spans(raw: bytes) -> Iterator[tuple[int, int]]:
    """Where the bytes of the body stand: from, to. Between them is what frames them."""
    head, _ = _head(raw)
    at = len(head) + len(_HEAD_END)
    if not _CHUNKED.search(head):
        yield at, len(raw)
        return
    while True:
        line_end = raw.index(b"\r\n", at)
        size = int(raw[at:line_end].partition(b";")[0], 16)
        if size == 0:
            return
        at = line_end + 2
        yield at, at + size
        at += size + 2
