"""A certificate authority for tests, on trustme: certificates right and wrong. Those of clients are in `clients.py`.

OpenSSL compares dates with the machine's clock and with no other: what is expired here ended in 2001, and what is not
yet valid begins in 2099, so that each flaw holds whatever the clock says, in simulated time too.
"""

from __future__ import annotations

import ssl
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from harness.errors import MissingExtra
from harness.model.tls_faults import CertificateFlaw
from harness.tls.files import Files, replace

try:
    import trustme

    from harness.tls.clients import Clients
except ModuleNotFoundError as error:
    raise MissingExtra(
        f"TLS needs {error.name}: in the checkout of the harness, `make install` or `pip install '.[tls]'`"
    ) from None

LONG_AGO, ENDED = datetime(2000, 1, 1, tzinfo=UTC), datetime(2001, 1, 1, tzinfo=UTC)
BEGINS, FAR_AWAY = datetime(2099, 1, 1, tzinfo=UTC), datetime(2100, 1, 1, tzinfo=UTC)
ELSEWHERE = "elsewhere.invalid"

_DATES: Mapping[CertificateFlaw | None, tuple[datetime, datetime]] = {
    CertificateFlaw.EXPIRED: (LONG_AGO, ENDED),
    CertificateFlaw.NOT_YET_VALID: (BEGINS, FAR_AWAY),
}


class Authority:
    """Signs for the server, whose clients call it by one of `names`, and for clients. All files are in `folder`."""

    def __init__(self, folder: Path, *, names: Sequence[str], ca: trustme.CA | None = None) -> None:
        self._folder, self._names = folder, tuple(names)
        self._cas = [ca or trustme.CA()]
        self._server: dict[CertificateFlaw | None, trustme.LeafCert] = {}
        self.clients = Clients(folder, issuer=self._cas[0], dates=(LONG_AGO, ENDED, FAR_AWAY))
        self._contexts: dict[tuple[Any, ...], ssl.SSLContext] = {}
        self.trusted = folder / "ca.pem"
        self._write_trusted()

    def _write_trusted(self) -> None:
        replace(self.trusted, b"".join(ca.cert_pem.bytes() for ca in self._cas))

    def rotate(self, *, ca: bool) -> None:
        """The server gets a new certificate; with `ca`, from a new authority that clients' files trust as well."""
        if ca:
            self._cas.append(trustme.CA())
            self._write_trusted()
        self._server.clear()
        self._contexts.clear()

    def server(self, flaw: CertificateFlaw | None = None) -> trustme.LeafCert:
        """The server's certificate and key; the same until they are rotated."""
        if flaw not in self._server:
            signer = trustme.CA() if flaw is CertificateFlaw.UNKNOWN_CA else self._cas[-1]
            names = (ELSEWHERE,) if flaw is CertificateFlaw.WRONG_HOST else self._names
            since, to = _DATES.get(flaw, (None, None))
            self._server[flaw] = signer.issue_cert(*names, not_before=since, not_after=to)
        return self._server[flaw]

    def client(self, name: str) -> Files:
        """What that client trusts, and its certificate, from the first authority until it is renewed, and its key."""
        certificate, key = self.clients.files(name)
        return Files(trusted=self.trusted, certificate=certificate, key=key)

    def renew(self, target: str) -> list[str]:
        """The clients that fit have a new certificate in their files; their names."""
        self._contexts.clear()
        return self.clients.renew(target)

    def server_context(
        self,
        client: str = "",
        *,
        flaw: CertificateFlaw | None = None,
        verify: ssl.VerifyMode = ssl.CERT_NONE,
        expired: int = 0,
        revoked: int = 0,
    ) -> ssl.SSLContext:
        """What a server needs for a handshake. `verify` says whether a client must show a certificate, or may.

        Those that `client` got in the first so many rounds are held for expired, or revoked.
        """
        key = (flaw, verify, expired, revoked, client if revoked else "")
        if key not in self._contexts:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            self.server(flaw).configure_cert(context)
            context.verify_mode = verify
            if verify is not ssl.CERT_NONE:
                self.clients.judge(context, client, expired=expired, revoked=revoked)
            self._contexts[key] = context
        return self._contexts[key]
