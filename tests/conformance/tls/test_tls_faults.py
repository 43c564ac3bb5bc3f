"""What a client is told under each fault of TLS: the same words in both worlds, by aiohttp and by httpx.

aiohttp is the released edge worker's client, httpx that of the Task SDK, with the context that the SDK makes.
"""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from harness.model.faults import (
    BadCertificate,
    CertificateFlaw,
    Fault,
    RenewClient,
    RevokeClient,
    RotateCertificate,
)
from harness.model.tls_faults import Tls
from harness.tls.files import Files
from harness.units import minutes, seconds
from tests.conformance.tls.arms import ARMS, Arm

WORLDS = pytest.mark.parametrize("world", ["sim", pytest.param("live", marks=pytest.mark.live)])
CLIENTS = pytest.mark.parametrize("client", ["aiohttp", "httpx"])

WHY = {
    CertificateFlaw.EXPIRED: "certificate has expired",
    CertificateFlaw.NOT_YET_VALID: "certificate is not yet valid",
    CertificateFlaw.WRONG_HOST: "Hostname mismatch, certificate is not valid for 'API'.",
    CertificateFlaw.UNKNOWN_CA: "unable to get local issuer certificate",
}
ALERTS = {
    "revoked": "[SSL: SSLV3_ALERT_CERTIFICATE_REVOKED] sslv3 alert certificate revoked",
    "expired": "[SSL: SSLV3_ALERT_CERTIFICATE_EXPIRED] sslv3 alert certificate expired",
    "none": "[SSL: TLSV13_ALERT_CERTIFICATE_REQUIRED] tlsv13 alert certificate required",
}


def bad(flaw: CertificateFlaw, a: str = "worker-1") -> Fault:
    return BadCertificate(a=a, b="api", at=seconds(0), lasting=minutes(1), flaw=flaw)


def revoked(target: str = "worker-1") -> Fault:
    return RevokeClient(target=target, at=seconds(0), lasting=minutes(1))


def renewed(*, late: bool = False) -> Fault:
    return RenewClient(target="worker-1", at=seconds(0), lasting=minutes(1), late=late)


def expected(client: str, why: str) -> str:
    text = f"[SSL: CERTIFICATE_VERIFY_FAILED] certificate verify failed: {why}"
    if client == "httpx":
        return f"ConnectError: {text}"
    cause = f"SSLCertVerificationError: {(1, text)!r}"
    return f"ClientConnectorCertificateError: Cannot connect to host API ssl:True [{cause}]"


def refused(client: str, alert: str) -> str:
    """TLS 1.3: the client has finished its handshake when the server refuses, and hears of it when it reads."""
    return f"{'ReadError:' if client == 'httpx' else 'ClientOSError: [Errno 1]'} {ALERTS[alert]}"


def as_they_are_now(files: Files, folder: Path) -> Files:
    """What a client has that has read its files, and will not again."""
    assert files.certificate is not None
    folder.mkdir()
    return replace(files, certificate=Path(shutil.copy(files.certificate, folder)))


def three_calls(arm: Arm, client: str, fault: Fault) -> tuple[str, str, str]:
    """How a call of worker-1 ends under the fault, one of worker-2 meanwhile, and one of worker-1 after the heal."""
    call: Any = getattr(arm, client)

    async def main() -> tuple[str, str, str]:
        ours, others = (arm.api.files(name, shows=True) for name in ("worker-1", "worker-2"))
        heal = arm.api.begin(fault)
        struck, spared = await call(ours, name="worker-1"), await call(others, name="worker-2")
        heal()
        return struck, spared, await call(ours, name="worker-1")

    result: tuple[str, str, str] = arm.run(main)
    return result


@WORLDS
@CLIENTS
@pytest.mark.parametrize("flaw", CertificateFlaw)
def test_a_bad_certificate_is_refused_with_its_reason_by_those_who_are_shown_it_until_it_is_mended(
    flaw: CertificateFlaw, client: str, world: str, tmp_path: Path
) -> None:
    arm = ARMS[world](tmp_path, tls=Tls.SERVER)
    assert three_calls(arm, client, bad(flaw)) == (expected(client, WHY[flaw]), "200", "200")
    assert arm.api.strikes == [("worker-1", f"was shown a certificate: {flaw.value.replace('-', ' ')}")]
    assert arm.api.refusals == ["worker-1"]
    assert len(arm.api.served) == 2


@WORLDS
@CLIENTS
@pytest.mark.parametrize(
    ("fault", "alert"),
    [(revoked(), "revoked"), (renewed(late=True), "expired")],
    ids=["revoked", "renewed late"],
)
def test_a_client_is_refused_by_an_alert_and_no_other_until_its_certificate_is_good_again(
    client: str, world: str, fault: Fault, alert: str, tmp_path: Path
) -> None:
    arm = ARMS[world](tmp_path, tls=Tls.MUTUAL)
    assert three_calls(arm, client, fault) == (refused(client, alert), "200", "200")
    assert set(arm.api.strikes) == {("worker-1", "its certificate was refused")}
    assert len(arm.api.served) == 2


@WORLDS
@CLIENTS
def test_who_reads_its_files_again_in_time_never_hears_that_its_old_certificate_has_expired(
    client: str, world: str, tmp_path: Path
) -> None:
    arm = ARMS[world](tmp_path, tls=Tls.MUTUAL)
    call: Any = getattr(arm, client)

    async def main() -> tuple[str, str, str, str]:
        old = as_they_are_now(arm.api.files("worker-1", shows=True), tmp_path / "old")
        new, others = (arm.api.files(name, shows=True) for name in ("worker-1", "worker-2"))
        heal = arm.api.begin(renewed())
        both = await call(old, name="worker-1")
        heal()
        return (
            both,
            await call(old, name="worker-1"),
            await call(new, name="worker-1"),
            await call(others, name="worker-2"),
        )

    assert arm.run(main) == ("200", refused(client, "expired"), "200", "200")
    assert arm.api.strikes[0] == ("worker-1", "a new certificate is in its files")
    assert len(arm.api.served) == 3


@WORLDS
@CLIENTS
def test_where_tls_is_mutual_a_client_without_a_certificate_is_refused_unless_it_may_have_none(
    client: str, world: str, tmp_path: Path
) -> None:
    arm = ARMS[world](tmp_path, tls=Tls.MUTUAL, without=("worker-2",))
    call: Any = getattr(arm, client)

    async def main() -> tuple[str, str]:
        files = arm.api.files("worker-1", shows=False)
        return await call(files, name="worker-1"), await call(files, name="worker-2")

    assert arm.run(main) == (refused(client, "none"), "200")


@WORLDS
@CLIENTS
def test_a_client_that_need_not_show_a_certificate_is_refused_with_a_revoked_one(
    client: str, world: str, tmp_path: Path
) -> None:
    arm = ARMS[world](tmp_path, tls=Tls.MUTUAL, without=("worker-1", "worker-2"))
    assert three_calls(arm, client, revoked()) == (refused(client, "revoked"), "200", "200")


@WORLDS
@CLIENTS
@pytest.mark.parametrize("ca", [False, True])
def test_after_a_rotation_those_who_read_the_files_of_now_are_served(
    ca: bool, client: str, world: str, tmp_path: Path
) -> None:
    arm = ARMS[world](tmp_path, tls=Tls.MUTUAL)
    call: Any = getattr(arm, client)
    before = arm.api.authority.server().cert_chain_pems[0].bytes()

    async def main() -> str:
        arm.api.begin(RotateCertificate(at=seconds(0), ca=ca))
        return str(await call(arm.api.files("worker-1", shows=True), name="worker-1"))

    assert arm.run(main) == "200"
    assert arm.api.authority.server().cert_chain_pems[0].bytes() != before
    (strike,) = arm.api.strikes
    assert strike[0] == "api"


@WORLDS
@CLIENTS
def test_after_a_rotation_of_the_authority_those_who_trust_what_they_read_before_refuse(
    client: str, world: str, tmp_path: Path
) -> None:
    arm = ARMS[world](tmp_path, tls=Tls.SERVER)
    call: Any = getattr(arm, client)
    old = tmp_path / "old.pem"
    old.write_bytes(arm.api.authority.trusted.read_bytes())

    async def main() -> str:
        arm.api.begin(RotateCertificate(at=seconds(0), ca=True))
        return str(await call(Files(trusted=old), name="worker-1"))

    assert arm.run(main) == expected(client, WHY[CertificateFlaw.UNKNOWN_CA])


@WORLDS
@pytest.mark.parametrize(
    "fault",
    [
        bad(CertificateFlaw.EXPIRED),
        revoked(),
        renewed(late=True),
        RotateCertificate(at=seconds(0), ca=True),
    ],
    ids=repr,
)
def test_a_connection_that_is_there_goes_on(fault: Fault, world: str, tmp_path: Path) -> None:
    arm = ARMS[world](tmp_path, tls=Tls.MUTUAL)

    async def main() -> list[bytes]:
        call = await arm.open(arm.api.files("worker-1", shows=True).context(), name="worker-1")
        first = await call()
        arm.api.begin(fault)
        return [first, await call()]

    first, second = arm.run(main)
    assert first == second != b""


@WORLDS
def test_what_is_said_can_be_read_by_nobody_on_the_way(world: str, tmp_path: Path) -> None:
    arm = ARMS[world](tmp_path, tls=Tls.SERVER)

    async def main() -> bytes:
        heard: list[bytes] = []
        context = arm.api.files("worker-1", shows=False).context()
        call = await arm.open(context, name="worker-1", heard=heard)
        await call()
        return b"".join(heard)

    heard = arm.run(main)
    assert len(heard) > 1000, "the handshake at least was heard"
    for secret in (b"HTTP", b"GET", b"execution", b"value", b"application/json"):
        assert secret not in heard
    assert arm.api.served, "it was said all the same"


@WORLDS
def test_a_client_that_speaks_http_to_it_is_closed_on_and_served_nothing(world: str, tmp_path: Path) -> None:
    arm = ARMS[world](tmp_path, tls=Tls.SERVER)

    async def main() -> bytes:
        call = await arm.open(None, name="worker-1")
        return await call()

    assert not arm.run(main).startswith(b"HTTP")
    assert arm.api.served == []
