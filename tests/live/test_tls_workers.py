"""Released workers over TLS, with their own options: on real sockets and in real processes."""

from __future__ import annotations

import pytest

from harness import (
    BadCertificate,
    CertificateFlaw,
    CloseIdle,
    Fleet,
    LoseReplies,
    RenewClient,
    RestartServer,
    RevokeClient,
    RotateCertificate,
    Run,
    Scenario,
    Tasks,
    Tls,
    Workers,
    make_plan,
    run_plan,
    seconds,
)

pytestmark = [pytest.mark.live, pytest.mark.slow]

OPTIONS = {
    "edge.heartbeat_interval": "2",
    "edge.job_poll_interval": "1",
    "edge.api_retry_wait_min": "0.2",
    "edge.api_retry_wait_max": "2.0",
    "workers.min_heartbeat_interval": "1",
    "workers.execution_api_retry_wait_min": "0.2",
    "workers.execution_api_retry_wait_max": "2.0",
}
STORM = Scenario(
    fleet=Fleet(count=2, slots=4),
    tasks=Tasks(count=4, lasting=(seconds(2), seconds(5)), over=seconds(2), retry_delay=seconds(1)),
    faults=(
        LoseReplies(a="worker-*", b="api", at=seconds(0), lasting=seconds(14), calls="ti.heartbeat", times=1),
        BadCertificate(a="worker-1", b="api", at=seconds(3), lasting=seconds(3)),
        RotateCertificate(at=seconds(7)),
        RestartServer(at=seconds(8), lasting=seconds(1)),
    ),
    invariants=("every_task_finishes", "every_worker_rejoins", "every_fault_struck", "work_was_done"),
    until=seconds(14),
    settle=seconds(12),
    options=OPTIONS,
    tls=Tls.SERVER,
)
REVOKED = Scenario(
    fleet=Fleet(count=2, slots=4),
    # a supervisor that read its files before the rotation and calls after it loses its try: on a slow machine one may
    tasks=Tasks(count=4, lasting=(seconds(3), seconds(5)), over=seconds(2), retry_delay=seconds(1)),
    faults=(
        RevokeClient(target="worker-1", at=seconds(1), lasting=seconds(4)),
        BadCertificate(
            a="worker-2", b="api", at=seconds(1), lasting=seconds(4), flaw=CertificateFlaw.UNKNOWN_CA
        ),
        # so that calls begin with a handshake
        CloseIdle(a="worker-*", b="api", at=seconds(1), lasting=seconds(4), calls="jobs.fetch"),
        RotateCertificate(at=seconds(6), ca=True),
        RestartServer(at=seconds(7), lasting=seconds(1)),
    ),
    invariants=STORM.invariants,
    until=seconds(8),
    settle=seconds(12),
    options={**OPTIONS, "workers.execution_api_retries": "2"},  # so that it gives up in time for the next try
    tls=Tls.MUTUAL,
)
ROTATED = Scenario(
    fleet=Fleet(count=1, slots=1),
    tasks=Tasks(count=1, lasting=(seconds(1), seconds(1)), over=seconds(1)),
    faults=(RotateCertificate(at=seconds(6), ca=True),),
    invariants=("every_worker_rejoins", "every_fault_struck", "work_was_done"),
    until=seconds(7),
    settle=seconds(20),
    options={**OPTIONS, "edge.api_retries": "3"},
    tls=Tls.SERVER,
)
RENEWED = Scenario(
    fleet=Fleet(count=1, slots=1),
    tasks=Tasks(
        count=1, lasting=(seconds(45), seconds(45)), over=seconds(1), retries=1, retry_delay=seconds(1)
    ),
    faults=(
        RenewClient(target="worker-1", at=seconds(15), lasting=seconds(3)),
        RestartServer(at=seconds(20), lasting=seconds(1)),  # so that there are new connections
    ),
    invariants=STORM.invariants,
    until=seconds(22),
    settle=seconds(75),
    options=OPTIONS,
    tls=Tls.MUTUAL,
)


def live(scenario: Scenario, kind: Workers) -> Run:
    return run_plan(make_plan(scenario, 1, name="tls", workers=kind), world="live")


def test_released_edge_workers_and_their_tasks_work_over_tls_and_outlive_a_bad_certificate() -> None:
    run = live(STORM, Workers.EDGE)
    assert run.verdict.answer == "valid", run.verdict.counterexamples
    refused = [event.process for event in run.history.where(f="connect", type="fail")]
    assert set(refused) == {"worker-1"}
    assert all(event.value["status"] < 400 for event in run.history.where(f="ti.state", type="ok"))


def test_released_supervisors_show_their_certificates_and_outlive_a_revocation_and_a_new_ca() -> None:
    run = live(REVOKED, Workers.SUPERVISED)
    assert run.verdict.answer == "valid", run.verdict.counterexamples
    reasons = {
        (event.process, event.value["reason"]) for event in run.history.where(f="connect", type="fail")
    }
    assert ("worker-1", "TLS: certificate revoked") in reasons
    assert any(process == "worker-2" and reason.startswith("TLS: ") for process, reason in reasons)


@pytest.mark.nightly
def test_mutual_tls_lets_released_edge_workers_in_and_their_tasks_by_certificate() -> None:
    quiet = Scenario(
        fleet=Fleet(count=1, slots=2),
        tasks=Tasks(count=2, lasting=(seconds(1), seconds(2)), over=seconds(1)),
        invariants=("every_task_finishes", "work_was_done"),
        until=seconds(3),
        settle=seconds(15),
        tls=Tls.MUTUAL,
    )
    run = live(quiet, Workers.EDGE)
    assert run.verdict.answer == "valid", run.verdict.counterexamples


@pytest.mark.nightly
@pytest.mark.parametrize(("kind", "answer"), [(Workers.EDGE, "invalid"), (Workers.SCRIPTED, "valid")])
def test_a_rotated_authority_ends_a_released_edge_worker_and_not_one_that_reads_its_files(
    kind: Workers, answer: str
) -> None:
    run = live(ROTATED, kind)
    assert run.verdict.answer == answer, run.verdict.counterexamples
    ends = [event.value["error"] for event in run.history.where(f="worker.exit")]
    assert ["unable to get local issuer certificate" in end for end in ends] == [True] * len(ends)
    assert len(ends) == (kind is Workers.EDGE)


@pytest.mark.nightly
@pytest.mark.parametrize(("kind", "ends"), [(Workers.EDGE, ["info", "ok"]), (Workers.SCRIPTED, ["ok"])])
def test_a_released_supervisor_never_reads_its_renewed_certificate_and_its_next_try_has_it(
    kind: Workers, ends: list[str]
) -> None:
    run = live(RENEWED, kind)
    assert run.verdict.answer == "valid", run.verdict.counterexamples
    assert [event.type for event in run.history.where(f="body") if event.type != "invoke"] == ends
    refused = {event.value["reason"] for event in run.history.where(f="connect", type="fail")}
    assert ("TLS: certificate has expired" in refused) is (kind is Workers.EDGE), refused
