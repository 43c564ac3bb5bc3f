"""One end of a TLS session, without I/O: ciphertext in, plaintext out, and the other way round.

asyncio's own does not send the alert with which a handshake fails; a load balancer does, and clients tell the two apart.
"""

from __future__ import annotations

import ssl
from contextlib import suppress

_READ = 1 << 16


class Session:
    """Feed it what arrives (`take`) and what to say (`put`); `outgoing` is what then has to be sent."""

    def __init__(self, context: ssl.SSLContext, *, server_hostname: str | None = None) -> None:
        self._incoming, self._sent = ssl.MemoryBIO(), ssl.MemoryBIO()
        server_side = context.protocol is ssl.PROTOCOL_TLS_SERVER
        self._object = context.wrap_bio(
            self._incoming, self._sent, server_side=server_side, server_hostname=server_hostname
        )
        self._early = bytearray()  # what was to be said before the handshake was done
        self.established = False
        self.ended = False  # the peer has said that it will say no more (close_notify)

    def begin(self) -> None:
        """A client's first words are in `outgoing` now."""
        self.take(b"")

    def take(self, ciphertext: bytes) -> bytes:
        """The plaintext that has become readable. Raises ssl.SSLError; the alert to send is in `outgoing` then."""
        self._incoming.write(ciphertext)
        if not self.established and not self._shake_hands():
            return b""
        plaintext = bytearray()
        try:
            while data := self._object.read(_READ):
                plaintext += data
            self.ended = True
        except ssl.SSLWantReadError:
            pass
        except ssl.SSLZeroReturnError:
            self.ended = True
        return bytes(plaintext)

    def _shake_hands(self) -> bool:
        try:
            self._object.do_handshake()
        except ssl.SSLWantReadError:
            return False
        self.established = True
        early, self._early = bytes(self._early), bytearray()
        self.put(early)
        return True

    def put(self, plaintext: bytes) -> None:
        """Say that; what comes before the handshake is done waits for it."""
        if not self.established:
            self._early += plaintext
        elif plaintext:
            self._object.write(plaintext)

    def close(self) -> None:
        """Say that no more will be said."""
        if self.established:
            with suppress(ssl.SSLError):  # the peer has not answered it, and need not
                self._object.unwrap()

    def outgoing(self) -> bytes:
        """The ciphertext to be sent now."""
        return self._sent.read()
