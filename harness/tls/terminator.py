"""The server's side of TLS before the API, as a load balancer has it: which certificate it shows, and whom it refuses."""

from __future__ import annotations

import ssl
from collections.abc import Callable, Collection
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING

from harness.model.faults import Direction
from harness.model.tls_faults import CertificateFlaw, Tls
from harness.tls.session import Session
from harness.toxics.links import Strike, on_link

if TYPE_CHECKING:
    from harness.tls.authority import Authority

Heal = Callable[[], None]

EXPIRED, REVOKED = 10, 23
"""OpenSSL's X509_V_ERR_CERT_HAS_EXPIRED and X509_V_ERR_CERT_REVOKED."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Shown:
    """Who connects from `a` to `b` is shown a certificate with that flaw."""

    a: str
    b: str
    flaw: CertificateFlaw
    strike: Strike


@dataclass(frozen=True, kw_only=True, eq=False)
class Refusal:
    """What clients that fit `target` got in the first so many rounds is refused, with that `code` of OpenSSL."""

    code: int
    target: str
    rounds: int
    strike: Strike


class Terminator:
    """Begins a session for each connection. Clients in `without_certificate` may show none even where TLS is mutual."""

    def __init__(
        self, authority: Authority, *, tls: Tls, server: str, without_certificate: Collection[str] = ()
    ) -> None:
        self.authority, self._tls, self._server = authority, tls, server
        self._without = frozenset(without_certificate)
        self._shown: list[Shown] = []
        self._refusals: list[Refusal] = []

    def session(self, client: str) -> Session:
        """The server's end of a new connection from that host."""
        fitting = [
            each for each in self._shown if on_link(each.a, each.b, Direction.FORTH, client, self._server)
        ]
        for each in fitting[-1:]:
            each.strike(client, f"was shown a certificate: {each.flaw.value.replace('-', ' ')}")
        return Session(
            self.authority.server_context(
                client,
                flaw=fitting[-1].flaw if fitting else None,
                verify=self._verify(client),
                expired=self._refused(client, EXPIRED),
                revoked=self._refused(client, REVOKED),
            )
        )

    def _refused(self, client: str, code: int) -> int:
        return max((each.rounds for each in self._concerning(client, code)), default=0)

    def _concerning(self, client: str, code: int) -> list[Refusal]:
        return [each for each in self._refusals if each.code == code and fnmatchcase(client, each.target)]

    def _verify(self, client: str) -> ssl.VerifyMode:
        if self._tls is not Tls.MUTUAL:
            return ssl.CERT_NONE
        return ssl.CERT_OPTIONAL if client in self._without else ssl.CERT_REQUIRED

    def failed(self, client: str, error: ssl.SSLError) -> None:
        """A handshake with that host failed on our side."""
        if isinstance(error, ssl.SSLCertVerificationError):
            for each in self._concerning(client, error.verify_code):
                each.strike(client, "its certificate was refused")

    def show(self, a: str, b: str, flaw: CertificateFlaw, strike: Strike) -> Heal:
        """From now on a flawed certificate is shown, to new connections."""
        shown = Shown(a=a, b=b, flaw=flaw, strike=strike)
        self._shown.append(shown)
        return lambda: self._shown.remove(shown)

    def revoke(self, target: str, strike: Strike) -> Heal:
        """From now on the certificates that those clients have are refused, on new connections."""
        revoked = self._refusal(REVOKED, target, strike)
        self._refusals.append(revoked)
        return lambda: self._refusals.remove(revoked)

    def _refusal(self, code: int, target: str, strike: Strike) -> Refusal:
        return Refusal(code=code, target=target, rounds=self.authority.clients.rounds, strike=strike)

    def renew(self, target: str, strike: Strike, *, late: bool) -> Heal:
        """Those clients have new certificates in their files, and when it is healed the old ones have expired; with
        `late` it is the other way round.
        """
        old = self._refusal(EXPIRED, target, strike)

        def issue() -> None:
            for name in self.authority.renew(target):
                if not late:  # what strikes then is that the old one is refused
                    strike(name, "a new certificate is in its files")

        def expire() -> None:
            self._refusals.append(old)

        first, then = (expire, issue) if late else (issue, expire)
        first()
        return then

    def rotate(self, *, ca: bool, live: int, strike: Strike) -> None:
        """From now on another certificate is shown; `live` connections go on with the old one."""
        self.authority.rotate(ca=ca)
        signed = "signed by a new CA" if ca else "of the same CA"
        strike(self._server, f"a new certificate {signed}; {live} connections go on")
