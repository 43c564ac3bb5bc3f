"""`harness serve` over TLS: what is served, what is written, and what is refused before anything is."""

from __future__ import annotations

import signal
import ssl
import stat
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest
import trustme
from cryptography.hazmat.primitives import serialization

from harness.cli import main
from harness.tls.files import Files

pytestmark = pytest.mark.live


@contextmanager
def serving(*options: str) -> Iterator[tuple[str, dict[str, str]]]:
    """The URL of a server, and the variables that it prints for its workers."""
    command = [sys.executable, "-m", "harness", "serve", "--port", "0", *options]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            url = process.stdout.readline().split()[5]
            variables = {}
            for line in process.stdout:
                name, equals, value = line.strip().partition("=")
                if equals:
                    variables[name] = value
                if name.startswith(("AIRFLOW__API__CLIENT_SSL_KEY", "released")) or (
                    name == "AIRFLOW__API__SSL_CA_FILE" and "--mutual" not in options
                ):
                    break
            yield url, variables
        finally:
            process.send_signal(signal.SIGINT)
            process.wait(60)


def health(url: str, files: Files | None) -> str:
    """The status, or what is raised."""
    try:
        with httpx.Client(verify=files.context() if files else True, timeout=30) as client:
            return str(client.get(f"{url}/execution/health").status_code)
    except httpx.TransportError as error:
        return f"{type(error).__name__}: {error}"


def test_the_variables_that_are_printed_open_the_server_and_its_ca_outlives_it(tmp_path: Path) -> None:
    with serving("--tls", str(tmp_path / "tls")) as (url, variables):
        assert url.startswith("https://127.0.0.1:")
        assert variables["AIRFLOW__CORE__EXECUTION_API_SERVER_URL"] == f"{url}/execution/"
        files = Files.told_by(variables)
        assert health(url, files) == "200"
        assert health(url.replace("127.0.0.1", "localhost"), files) == "200"
        assert "CERTIFICATE_VERIFY_FAILED" in health(url, None)
    modes = {each.name: stat.S_IMODE(each.stat().st_mode) for each in (tmp_path / "tls").iterdir()}
    assert {name: mode for name, mode in modes.items() if "key" in name} == {
        "ca-key.pem": 0o600,
        "server-key.pem": 0o600,
    }
    with serving("--tls", str(tmp_path / "tls")) as (url, _):
        assert health(url, files) == "200"


def test_a_folder_that_is_named_from_here_is_told_so_that_it_is_found_from_elsewhere(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    with serving("--tls", "tls") as (_, variables):
        assert variables["SSL_CERT_FILE"] == str(tmp_path / "tls" / "ca.pem")


def test_with_mutual_tls_only_who_shows_a_certificate_is_served(tmp_path: Path) -> None:
    with serving("--tls", str(tmp_path), "--mutual") as (url, variables):
        files = Files.told_by(variables)
        assert files is not None
        assert health(url, files) == "200"
        assert health(url, Files(trusted=files.trusted)).split(":")[0] in ("ReadError", "RemoteProtocolError")


@pytest.fixture
def pem(tmp_path: Path) -> Callable[..., Path]:
    """A file in the folder, of bytes."""

    def write(name: str, *content: bytes) -> Path:
        path = tmp_path / name
        path.write_bytes(b"".join(content))
        return path

    return write


def test_files_of_ones_own_are_served_with(pem: Callable[..., Path]) -> None:
    ca, clients = trustme.CA(), trustme.CA()
    server, client = ca.issue_cert("127.0.0.1"), clients.issue_cert("me.invalid")
    both = pem("both.pem", server.private_key_and_cert_chain_pem.bytes())
    ours = pem("me.pem", client.private_key_and_cert_chain_pem.bytes())
    trusted = pem("ca.pem", ca.cert_pem.bytes())
    options = ("--certificate", str(both), "--client-ca", str(pem("clients.pem", clients.cert_pem.bytes())))
    with serving(*options) as (url, _):
        context = ssl.create_default_context(cafile=trusted)
        context.load_cert_chain(ours)
        with httpx.Client(verify=context) as caller:
            assert caller.get(f"{url}/execution/health").status_code == 200


REFUSED = {
    "no-certificate": (
        ["--certificate", "no.pem"],
        "--certificate no.pem: No such file or directory; give a",
    ),
    "a-folder": (["--certificate", "."], "--certificate .: Is a directory; give a file that can be read"),
    "no-key": (["--certificate", "cert.pem", "--key", "no.pem"], "--key no.pem: No such file or directory"),
    "key-left-out": (
        ["--certificate", "cert.pem"],
        "cert.pem holds no private key: give a private key as PEM",
    ),
    "not-pem": (
        ["--certificate", "text"],
        "--certificate text holds no certificate: give a certificate as PEM",
    ),
    "other-key": (
        ["--certificate", "cert.pem", "--key", "other-key.pem"],
        "other-key.pem is not the key of the certificate cert.pem: give the one it was made with",
    ),
    "encrypted": (
        ["--certificate", "cert.pem", "--key", "encrypted.pem"],
        "encrypted.pem is encrypted, and nobody is here to type: give a key without a passphrase (openssl",
    ),
    "broken": (
        ["--certificate", "broken.pem", "--key", "key.pem"],
        "broken.pem and its key cannot be used: ",
    ),
    "client-ca": (
        ["--certificate", "cert.pem", "--key", "key.pem", "--client-ca", "key.pem"],
        "--client-ca key.pem holds no certificate",
    ),
    "broken-client-ca": (
        ["--certificate", "cert.pem", "--key", "key.pem", "--client-ca", "broken.pem"],
        "--client-ca broken.pem cannot be used: ",
    ),
    "not-writable": (
        ["--tls", "text/tls"],
        "--tls text/tls: Not a directory; give a folder that can be written",
    ),
    "a-file": (["--tls", "text"], "--tls text: File exists; give a folder that can be written"),
    "half-a-ca": (["--tls", "half"], "ca.pem and ca-key.pem there are no CA of ours; give an empty folder"),
    "a-spoilt-ca": (["--tls", "spoilt"], "ca.pem and ca-key.pem there are no CA of ours; give an empty"),
    "two-kinds": (["--tls", "tls", "--certificate", "cert.pem"], "--tls makes its own certificates: leave"),
    "mutual-alone": (["--mutual"], "--mutual goes with --tls: with --certificate, --client-ca FILE does the"),
    "key-alone": (["--key", "key.pem"], "--key and --client-ca go with --certificate FILE: give it too"),
}


@pytest.mark.parametrize(("options", "told"), REFUSED.values(), ids=REFUSED)
def test_what_cannot_be_served_over_tls_is_a_usage_error_in_one_line(
    options: list[str],
    told: str,
    tmp_path: Path,
    pem: Callable[..., Path],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    ca = trustme.CA()
    leaf, other = ca.issue_cert("api"), ca.issue_cert("api")
    key = serialization.load_pem_private_key(leaf.private_key_pem.bytes(), None)
    locked = serialization.BestAvailableEncryption(b"secret")
    pem("cert.pem", leaf.cert_chain_pems[0].bytes())
    pem("key.pem", leaf.private_key_pem.bytes())
    pem("other-key.pem", other.private_key_pem.bytes())
    pem(
        "encrypted.pem",
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, locked),
    )
    pem("text", b"just a text")
    pem("broken.pem", b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n")
    for folder, content in (("half", b""), ("spoilt", b"-----BEGIN EC PRIVATE KEY-----\nAAAA\n")):
        (tmp_path / folder).mkdir()
        pem(f"{folder}/ca.pem", ca.cert_pem.bytes())
        if content:
            pem(f"{folder}/ca-key.pem", content)
    assert main(["serve", "--port", "0", *options]) == 64
    complaint = capsys.readouterr().err
    assert told in complaint
    assert complaint.count("\n") == 1
