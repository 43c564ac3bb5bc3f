"""The files of a TLS client: what it trusts, and what it shows."""

from __future__ import annotations

import ssl
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

TRUSTED = "SSL_CERT_FILE"
"""OpenSSL's own, and so what aiohttp and httpx trust by default."""

CERTIFICATE, KEY = "AIRFLOW__API__CLIENT_SSL_CERT", "AIRFLOW__API__CLIENT_SSL_KEY"


@dataclass(frozen=True, kw_only=True)
class Files:
    """Where a client finds what it trusts and, with mutual TLS, what it shows."""

    trusted: Path
    certificate: Path | None = None
    key: Path | None = None

    def variables(self) -> dict[str, str]:
        """What tells a released worker, and ours: Airflow's options, and OpenSSL's.

        The edge worker's own client reads no option of Airflow but what OpenSSL trusts, and shows no certificate.
        """
        told = {TRUSTED: str(self.trusted), "AIRFLOW__API__SSL_CA_FILE": str(self.trusted)}
        if self.certificate and self.key:
            told |= {CERTIFICATE: str(self.certificate), KEY: str(self.key)}
        return told

    @classmethod
    def told_by(cls, environ: Mapping[str, str]) -> Files | None:
        """The files that `variables` told of; None where it told of none."""
        if TRUSTED not in environ:
            return None
        certificate, key = (Path(environ[name]) if name in environ else None for name in (CERTIFICATE, KEY))
        return cls(trusted=Path(environ[TRUSTED]), certificate=certificate, key=key)

    def context(self) -> ssl.SSLContext:
        """What a connection needs, of the files as they are now."""
        context = ssl.create_default_context(cafile=self.trusted)
        if self.certificate:
            context.load_cert_chain(self.certificate, self.key)
        return context


def write_secret(path: Path, content: bytes) -> Path:
    """Write a file that only its owner can read, from its first byte on."""
    path.unlink(missing_ok=True)
    path.touch(mode=0o600, exist_ok=False)
    path.write_bytes(content)
    return path


def replace(path: Path, content: bytes) -> None:
    """Change a file in one step: whoever reads it meanwhile has what it was, or all of what it is."""
    written = path.with_suffix(".new")
    written.write_bytes(content)
    written.replace(path)
