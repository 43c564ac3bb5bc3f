"""The certificates of clients of a test CA: issued, renewed, expired, revoked."""

from __future__ import annotations

import ssl
from collections.abc import Iterator
from datetime import datetime
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

import trustme
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization

from harness.tls.files import replace, write_secret


class Clients:
    """Signs what clients show. With each renewal comes an issuer of its own beside those of before.

    So the certificates of before can all have expired at once, without the clock with which OpenSSL compares dates: a
    server that holds their issuer for expired refuses them, in the words that it has for theirs.
    """

    def __init__(
        self, folder: Path, *, issuer: trustme.CA, dates: tuple[datetime, datetime, datetime]
    ) -> None:
        self._folder, self._issuers = folder, [issuer]
        self._long_ago, self._ended, self._far_away = dates
        self._issued: dict[str, dict[int, x509.Certificate]] = {}  # by client, by round, from 1 on

    @property
    def rounds(self) -> int:
        """How often certificates have been issued: with each renewal once more."""
        return len(self._issuers)

    def files(self, name: str) -> tuple[Path, Path]:
        """The certificate of that client and its key; written the first time."""
        certificate, key = self._folder / f"{name}.pem", self._folder / f"{name}-key.pem"
        if name not in self._issued:
            leaf = self._issuers[-1].issue_cert(f"{name}.invalid", common_name=name)
            first = leaf.cert_chain_pems[0].bytes()
            self._issued[name] = {self.rounds: x509.load_pem_x509_certificate(first)}
            write_secret(key, leaf.private_key_pem.bytes())
            certificate.write_bytes(first)
        return certificate, key

    def renew(self, target: str) -> list[str]:
        """Those clients that fit have a new certificate in their files, for the key they have. Their names."""
        self._issuers.append(trustme.CA())
        names = [name for name in self._issued if fnmatchcase(name, target)]
        for name in names:
            old = list(self._issued[name].values())[-1]
            new = _again(old, issuer=self._issuers[-1], since=old.not_valid_before_utc, to=self._far_away)
            self._issued[name][self.rounds] = new
            replace(self._folder / f"{name}.pem", _pem(new))
        return names

    def judge(self, context: ssl.SSLContext, name: str, *, expired: int, revoked: int) -> None:
        """Have the server's context trust what that client shows, but none of the first so many rounds."""
        for number, issuer in enumerate(self._issuers, 1):
            certificate = x509.load_pem_x509_certificate(issuer.cert_pem.bytes())
            if number <= expired:
                certificate = _again(certificate, issuer=issuer, since=self._long_ago, to=self._ended)
            context.load_verify_locations(cadata=_pem(certificate).decode())
        if revoked:
            file = self._folder / "revoked.pem"
            file.write_bytes(b"".join(self._revocation_lists(name, revoked)))
            context.load_verify_locations(file)
            context.verify_flags |= ssl.VERIFY_CRL_CHECK_LEAF

    def _revocation_lists(self, name: str, upto: int) -> Iterator[bytes]:
        """One of each issuer, without which OpenSSL takes none of its certificates."""
        for number, issuer in enumerate(self._issuers, 1):
            listed = x509.CertificateRevocationListBuilder(
                issuer_name=_name(issuer), last_update=self._long_ago, next_update=self._far_away
            )
            if number <= upto and (certificate := self._issued.get(name, {}).get(number)):
                entry = x509.RevokedCertificateBuilder(certificate.serial_number, self._long_ago).build()
                listed = listed.add_revoked_certificate(entry)
            yield listed.sign(_key(issuer), hashes.SHA256()).public_bytes(serialization.Encoding.PEM)


def _again(
    certificate: x509.Certificate, *, issuer: trustme.CA, since: datetime, to: datetime
) -> x509.Certificate:
    """A certificate of the same name and key, with other dates, by that issuer."""
    key = _key(issuer)
    own = x509.SubjectKeyIdentifier.from_public_key(key.public_key())
    built = x509.CertificateBuilder(
        issuer_name=_name(issuer),
        subject_name=certificate.subject,
        public_key=certificate.public_key(),
        serial_number=x509.random_serial_number(),
        not_valid_before=since,
        not_valid_after=to,
    )
    for extension in certificate.extensions:
        value: x509.ExtensionType = extension.value
        if isinstance(value, x509.AuthorityKeyIdentifier):
            value = x509.AuthorityKeyIdentifier.from_issuer_subject_key_identifier(own)
        built = built.add_extension(value, critical=extension.critical)
    return built.sign(key, hashes.SHA256())


def _name(ca: trustme.CA) -> x509.Name:
    return x509.load_pem_x509_certificate(ca.cert_pem.bytes()).subject


def _key(ca: trustme.CA) -> Any:
    return serialization.load_pem_private_key(ca.private_key_pem.bytes(), password=None)


def _pem(certificate: x509.Certificate) -> bytes:
    return certificate.public_bytes(serialization.Encoding.PEM)
