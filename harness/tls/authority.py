"""A certificate authority for tests, on trustme: certificates right and wrong, and lists of those revoked.

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
from harness.tls.files import Files, write_secret

try:
    import trustme
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
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
        self._clients: dict[str, trustme.LeafCert] = {}
        self._contexts: dict[tuple[Any, ...], ssl.SSLContext] = {}
        self.trusted = folder / "ca.pem"
        self._write_trusted()

    def _write_trusted(self) -> None:
        written = self.trusted.with_suffix(".new")
        written.write_bytes(b"".join(ca.cert_pem.bytes() for ca in self._cas))
        written.replace(self.trusted)  # whoever reads it meanwhile has those of before, or all

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
        """The certificate of that client, from the first authority for good, and its key; written the first time."""
        certificate, key = self._folder / f"{name}.pem", self._folder / f"{name}-key.pem"
        if name not in self._clients:
            leaf = self._clients[name] = self._cas[0].issue_cert(f"{name}.invalid", common_name=name)
            certificate.write_bytes(b"".join(blob.bytes() for blob in leaf.cert_chain_pems))
            write_secret(key, leaf.private_key_pem.bytes())
        return Files(trusted=self.trusted, certificate=certificate, key=key)

    def server_context(
        self,
        *,
        flaw: CertificateFlaw | None = None,
        verify: ssl.VerifyMode = ssl.CERT_NONE,
        revoked: frozenset[str] = frozenset(),
    ) -> ssl.SSLContext:
        """What a server needs for a handshake. `verify` says whether a client must show a certificate, or may."""
        key = (flaw, verify, revoked)
        if key not in self._contexts:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            self.server(flaw).configure_cert(context)
            context.verify_mode = verify
            if verify is not ssl.CERT_NONE:
                context.load_verify_locations(self.trusted)
            if revoked:
                context.load_verify_locations(self._revocation_list(revoked))
                context.verify_flags |= ssl.VERIFY_CRL_CHECK_LEAF
            self._contexts[key] = context
        return self._contexts[key]

    def _revocation_list(self, names: frozenset[str]) -> Path:
        """A file with the list, signed by the authority of the clients."""
        ca = self._cas[0]
        subject = x509.load_pem_x509_certificate(ca.cert_pem.bytes()).subject
        listed = x509.CertificateRevocationListBuilder(
            issuer_name=subject, last_update=LONG_AGO, next_update=FAR_AWAY
        )
        for name in sorted(names & self._clients.keys()):
            leaf = x509.load_pem_x509_certificate(self._clients[name].cert_chain_pems[0].bytes())
            entry = x509.RevokedCertificateBuilder(leaf.serial_number, LONG_AGO).build()
            listed = listed.add_revoked_certificate(entry)
        signer: Any = serialization.load_pem_private_key(ca.private_key_pem.bytes(), password=None)
        file = self._folder / "revoked.pem"
        file.write_bytes(listed.sign(signer, hashes.SHA256()).public_bytes(serialization.Encoding.PEM))
        return file
