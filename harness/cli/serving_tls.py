"""`harness serve` over TLS: with a test CA whose files it writes, or with files of the user's."""

from __future__ import annotations

import argparse
import ipaddress
import socket
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

from harness.errors import BadParameter
from harness.tls.files import Files, write_secret

if TYPE_CHECKING:
    import trustme


@dataclass(frozen=True, kw_only=True)
class ServerTls:
    """What the server shows, and with `client_ca` whose clients it takes; `client` is what a client of it needs."""

    certificate: Path
    key: Path | None
    client_ca: Path | None = None
    client: Files | None = None

    def uvicorn(self) -> dict[str, object]:
        """The same as settings of uvicorn."""
        verify = ssl.CERT_REQUIRED if self.client_ca else ssl.CERT_NONE
        return {
            "ssl_certfile": self.certificate,
            "ssl_keyfile": self.key,
            "ssl_ca_certs": self.client_ca,
            "ssl_cert_reqs": verify,
        }


def tls_of(arguments: argparse.Namespace) -> ServerTls | None:
    """What the options ask for; None is http. Raises BadParameter, which names the file and the mend."""
    folder, certificate = arguments.tls, arguments.certificate
    if folder and (certificate or arguments.key or arguments.client_ca):
        raise BadParameter("--tls makes its own certificates: leave --certificate, --key and --client-ca out")
    if arguments.mutual and not folder:
        raise BadParameter("--mutual goes with --tls: with --certificate, --client-ca FILE does the same")
    if (arguments.key or arguments.client_ca) and not certificate:
        raise BadParameter("--key and --client-ca go with --certificate FILE: give it too")
    if folder:
        return _of_test_ca(folder, arguments.host, mutual=arguments.mutual)
    if certificate:
        return _of_files(certificate, arguments.key, arguments.client_ca)
    return None


# -- with a test CA ----------------------------------------------------------------------------------------


def _of_test_ca(folder: Path, host: str, *, mutual: bool) -> ServerTls:
    """Everything in the folder. The CA of an earlier time is used again, so that clients go on trusting it."""
    from harness.tls.authority import Authority

    with _writable(folder):
        folder.mkdir(parents=True, exist_ok=True)
        # clients read it wherever they are
        authority = Authority(folder.absolute(), names=_names(host), ca=_ca(folder))
        server = authority.server()
        certificate = folder / "server.pem"
        certificate.write_bytes(b"".join(blob.bytes() for blob in server.cert_chain_pems))
        key = write_secret(folder / "server-key.pem", server.private_key_pem.bytes())
        client = authority.client("client") if mutual else Files(trusted=authority.trusted)
    return ServerTls(
        certificate=certificate, key=key, client_ca=authority.trusted if mutual else None, client=client
    )


@contextmanager
def _writable(folder: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise BadParameter(
            f"--tls {folder}: {error.strerror or error}; give a folder that can be written"
        ) from None


def _ca(folder: Path) -> trustme.CA:
    """The CA in that folder, a new one if there is none. Raises BadParameter for half of one."""
    from trustme import CA

    certificate, key = folder / "ca.pem", folder / "ca-key.pem"
    if not certificate.exists() and not key.exists():
        ca = CA()
        write_secret(key, ca.private_key_pem.bytes())
        return ca
    try:
        return CA.from_pem(certificate.read_bytes(), key.read_bytes())
    except (FileNotFoundError, ValueError, TypeError):
        raise BadParameter(
            f"--tls {folder}: ca.pem and ca-key.pem there are no CA of ours; give an empty folder"
        ) from None


def _names(host: str) -> tuple[str, ...]:
    """What clients may call the server."""
    local = ["localhost", "127.0.0.1", "::1"]
    try:
        everywhere = ipaddress.ip_address(host).is_unspecified
    except ValueError:
        everywhere = False
    return tuple(dict.fromkeys([socket.gethostname() if everywhere else host, *local]))


# -- with files of the user's ------------------------------------------------------------------------------


def _of_files(certificate: Path, key: Path | None, client_ca: Path | None) -> ServerTls:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    _holds(certificate, b"BEGIN CERTIFICATE-", "--certificate", "a certificate")
    _holds(key or certificate, b"PRIVATE KEY-", "--key" if key else "--certificate", "a private key")
    try:
        context.load_cert_chain(certificate, key, password=lambda: _encrypted(key or certificate))
    except ssl.SSLError as error:
        if error.reason == "KEY_VALUES_MISMATCH":
            raise BadParameter(
                f"{key or certificate} is not the key of the certificate {certificate}: give the one it was made with"
            ) from None
        raise BadParameter(f"{certificate} and its key cannot be used: {_reason(error)}") from None
    if client_ca:
        _holds(client_ca, b"BEGIN CERTIFICATE-", "--client-ca", "a certificate")
        try:
            context.load_verify_locations(client_ca)
        except ssl.SSLError as error:
            raise BadParameter(f"--client-ca {client_ca} cannot be used: {_reason(error)}") from None
    return ServerTls(certificate=certificate, key=key, client_ca=client_ca)


def _holds(path: Path, mark: bytes, option: str, what: str) -> None:
    try:
        content = path.read_bytes()
    except OSError as error:
        raise BadParameter(f"{option} {path}: {error.strerror}; give a file that can be read") from None
    if mark not in content:
        raise BadParameter(f"{option} {path} holds no {what.removeprefix('a ')}: give {what} as PEM")


def _encrypted(path: Path) -> NoReturn:
    raise BadParameter(
        f"{path} is encrypted, and nobody is here to type: give a key without a passphrase"
        f" (openssl pkey -in {path} -out plain-key.pem)"
    )


def _reason(error: ssl.SSLError) -> str:
    return (error.reason or str(error)).lower().replace("_", " ")
