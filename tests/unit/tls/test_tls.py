"""Sessions, certificates and who is shown which, in memory."""

from __future__ import annotations

import os
import ssl
import stat
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from harness.model.tls_faults import CertificateFlaw, Tls
from harness.tls.authority import Authority
from harness.tls.files import CERTIFICATE, KEY, TRUSTED, Files, write_secret
from harness.tls.session import Session
from harness.tls.terminator import Terminator


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("tls"), names=("api", "127.0.0.1"))


def talk(
    client: Session, server: Session, *, cut: Callable[[bytes], list[bytes]] = lambda data: [data]
) -> None:
    """Exchange ciphertext until neither has anything to say."""
    client.begin()
    while True:
        said = client.outgoing()
        for piece in cut(said):
            server.take(piece)
        answered = server.outgoing()
        for piece in cut(answered):
            client.take(piece)
        if not said and not answered:
            return


def pair(authority: Authority, name: str = "api") -> tuple[Session, Session]:
    client = Session(Files(trusted=authority.trusted).context(), server_hostname=name)
    return client, Session(authority.server_context())


@pytest.mark.parametrize("name", ["api", "127.0.0.1"])
def test_a_client_that_trusts_the_authority_reaches_the_server_by_each_of_its_names(
    authority: Authority, name: str
) -> None:
    client, server = pair(authority, name)
    client.put(b"early")
    talk(client, server)
    client.put(b", and late")
    assert server.take(client.outgoing()) == b", and late"
    assert (client.established, server.established) == (True, True)


@given(st.lists(st.binary(max_size=40_000), max_size=4), st.integers(1, 5000))
@settings(max_examples=30, deadline=None)
def test_what_is_said_arrives_whole_however_the_ciphertext_is_cut(
    authority: Authority, said: list[bytes], size: int
) -> None:
    client, server = pair(authority)

    def cut(data: bytes) -> list[bytes]:
        return [data[at : at + size] for at in range(0, len(data), size)]

    talk(client, server, cut=cut)
    for each in said:
        client.put(each)
    heard = b"".join(server.take(piece) for piece in cut(client.outgoing()))
    assert heard == b"".join(said)
    client.close()
    server.take(client.outgoing())
    assert server.ended


@pytest.mark.parametrize(
    ("flaw", "code"),
    [
        (CertificateFlaw.EXPIRED, 10),
        (CertificateFlaw.NOT_YET_VALID, 9),
        (CertificateFlaw.WRONG_HOST, 62),
        (CertificateFlaw.UNKNOWN_CA, 20),
    ],
)
def test_openssl_finds_the_flaw_and_no_other(authority: Authority, flaw: CertificateFlaw, code: int) -> None:
    client, _ = pair(authority)
    server = Session(authority.server_context(flaw=flaw))
    with pytest.raises(ssl.SSLCertVerificationError) as caught:
        talk(client, server)
    assert caught.value.verify_code == code
    with pytest.raises(ssl.SSLError, match=r"(?i)alert"):
        server.take(client.outgoing())
    assert not server.established


def test_only_the_revoked_client_is_refused(authority: Authority) -> None:
    first, second = authority.client("worker-1"), authority.client("worker-2")
    context = authority.server_context("worker-1", verify=ssl.CERT_REQUIRED, revoked=1)
    talk(Session(second.context(), server_hostname="api"), Session(context))
    with pytest.raises(ssl.SSLCertVerificationError, match="certificate revoked"):
        talk(Session(first.context(), server_hostname="api"), Session(context))


def test_a_renewed_client_is_let_in_where_what_it_had_before_has_expired_or_is_revoked(
    tmp_path: Path,
) -> None:
    authority = Authority(tmp_path, names=("api",))
    files, other = authority.client("worker-1"), authority.client("worker-2").context()
    old, key = files.context(), files.key
    assert authority.renew("worker-1") == ["worker-1"]
    assert (
        authority.client("worker-1")
        == files
        == Files(trusted=files.trusted, certificate=files.certificate, key=key)
    )
    new = files.context()
    lenient = authority.server_context(verify=ssl.CERT_REQUIRED)
    expired = authority.server_context(verify=ssl.CERT_REQUIRED, expired=1)
    revoked = authority.server_context("worker-1", verify=ssl.CERT_REQUIRED, revoked=1)
    for client, server in ((old, lenient), (new, lenient), (new, expired), (new, revoked), (other, revoked)):
        talk(Session(client, server_hostname="api"), Session(server))
    for server, why in ((expired, "certificate has expired"), (revoked, "certificate revoked")):
        with pytest.raises(ssl.SSLCertVerificationError, match=why):
            talk(Session(old, server_hostname="api"), Session(server))


def test_nothing_is_shown_but_what_fits_and_the_last_fault_wins(authority: Authority) -> None:
    strikes: list[tuple[str, str]] = []
    terminator = Terminator(authority, tls=Tls.SERVER, server="api")

    def show(a: str, b: str, flaw: CertificateFlaw) -> Callable[[], None]:
        return terminator.show(a, b, flaw, lambda *told: strikes.append(told))

    show("worker-*", "api", CertificateFlaw.EXPIRED)
    heal = show("worker-1", "api", CertificateFlaw.UNKNOWN_CA)
    show("worker-1", "scheduler", CertificateFlaw.WRONG_HOST)
    for name in ("worker-1", "worker-2", "node-1"):
        terminator.session(name)
    heal()
    terminator.session("worker-1")
    assert strikes == [
        ("worker-1", "was shown a certificate: unknown ca"),
        ("worker-2", "was shown a certificate: expired"),
        ("worker-1", "was shown a certificate: expired"),
    ]


def test_a_rotated_authority_stands_beside_the_old_one_and_clients_keep_their_certificates(
    tmp_path: Path,
) -> None:
    authority = Authority(tmp_path, names=("api",))
    old, client = authority.trusted.read_bytes(), authority.client("worker-1")
    assert client.certificate is not None
    shown = client.certificate.read_bytes()
    authority.rotate(ca=True)
    assert authority.trusted.read_bytes().startswith(old)
    assert authority.trusted.read_bytes().count(b"BEGIN CERTIFICATE") == 2
    assert client.certificate is not None
    assert client.certificate.read_bytes() == shown
    context = authority.server_context(verify=ssl.CERT_REQUIRED)
    talk(Session(client.context(), server_hostname="api"), Session(context))


def test_whoever_reads_its_files_while_they_are_changed_reads_what_was_there_before(tmp_path: Path) -> None:
    authority = Authority(tmp_path, names=("api",))
    client = authority.client("worker-1")
    assert client.key is not None
    old, key = authority.trusted.read_bytes(), client.key.stat()
    with authority.trusted.open("rb") as reading:
        authority.rotate(ca=True)
        assert reading.read() == old
    assert authority.client("worker-1").key == client.key
    assert client.key.stat() == key


def test_the_variables_of_a_client_tell_its_files(authority: Authority) -> None:
    mutual = authority.client("worker-3")
    assert Files.told_by(mutual.variables()) == mutual
    one_way = Files(trusted=authority.trusted)
    assert Files.told_by(one_way.variables()) == one_way
    assert {CERTIFICATE, KEY} & one_way.variables().keys() == set()
    assert one_way.variables()[TRUSTED] == one_way.variables()["AIRFLOW__API__SSL_CA_FILE"]
    assert Files.told_by({}) is None


def test_a_key_can_be_read_by_its_owner_alone(tmp_path: Path) -> None:
    path = tmp_path / "key.pem"
    path.write_text("of before")
    path.chmod(0o644)
    before = os.umask(0)
    try:
        write_secret(path, b"secret")
    finally:
        os.umask(before)
    assert (path.read_bytes(), stat.S_IMODE(path.stat().st_mode)) == (b"secret", 0o600)
