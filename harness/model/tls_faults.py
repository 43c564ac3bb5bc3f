"""Faults of TLS, as data: they need a plan whose workers talk https to the API (`tls`).

What is right or wrong with a certificate is decided at a handshake: connections that there are go on.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum


class Tls(StrEnum):
    """How workers talk to the API."""

    OFF = "off"  # http
    SERVER = "server"  # https: the server shows a certificate
    MUTUAL = "mutual"  # https: the client shows one too


class CertificateFlaw(StrEnum):
    """What is wrong with a certificate."""

    EXPIRED = "expired"
    NOT_YET_VALID = "not-yet-valid"
    WRONG_HOST = "wrong-host"  # it names another host
    UNKNOWN_CA = "unknown-ca"  # an authority signed it that nobody trusts


@dataclass(frozen=True, kw_only=True)
class BadCertificate:
    """Whoever connects from `a` to `b` is shown a certificate with a flaw: expired, not yet valid, of another host or CA."""

    a: str
    b: str
    at: timedelta
    lasting: timedelta
    flaw: CertificateFlaw = CertificateFlaw.EXPIRED


@dataclass(frozen=True, kw_only=True)
class RevokeClient:
    """The server refuses the client certificate of the host as revoked, at each handshake; it needs mutual TLS."""

    target: str
    at: timedelta
    lasting: timedelta


@dataclass(frozen=True, kw_only=True)
class RotateCertificate:
    """The server shows a new certificate from now on. With `ca`, a new authority signed it, which stands in the
    files that clients trust, beside the old one, from the same moment on.
    """

    at: timedelta
    target: str = "api"
    ca: bool = False


@dataclass(frozen=True, kw_only=True)
class RenewClient:
    """A new client certificate is in the files of the host, and `lasting` later the old one has expired: the server
    refuses it. With `late` it expires first, and the new one comes `lasting` later. It needs mutual TLS.
    """

    target: str
    at: timedelta
    lasting: timedelta
    late: bool = False
