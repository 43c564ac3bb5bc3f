"""`locust -f loadtests` against a fake API, each in a process of its own."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from tests.live.loading import listening, locust, served

pytestmark = pytest.mark.live

QUICK = ("-u", "4", "-r", "4", "-t", "6s", "--time-scale", "0.05")

_AN_OLD_DATE = (
    b"HTTP/1.1 200 OK\r\ndate: Mon, 05 Jan 2026 10:00:00 GMT\r\ncontent-length: 20\r\n\r\n"
    b'{"status":"healthy"}'
)


@pytest.fixture(scope="module")
def fake() -> Iterator[str]:
    with served("--admin") as url:
        yield url


@pytest.mark.parametrize(
    ("user", "work"),
    [
        (None, ("worker.register", "jobs.fetch", "jobs.state", "logs.push", "ti.run", "ti.heartbeat", "ti.state")),
        ("EdgeWorkerUser", ("worker.register", "jobs.fetch", "jobs.state", "logs.push")),
        ("TaskUser", ("ti.run", "ti.heartbeat", "xcoms.set", "variables.get", "ti.state")),
    ],
)  # fmt: skip
def test_a_load_of_any_kind_does_its_work_and_no_call_fails(user, work, fake, tmp_path):
    ended = locust(*QUICK, "--sample", "0.5", *([user] if user else []), host=fake, folder=tmp_path)

    assert ended.went_well, ended.output
    assert set(work) <= set(ended.results["counts"])
    assert ended.results["promises"]["broken"] == {}


@pytest.mark.nightly
def test_two_processes_share_a_load_and_their_figures_add_up(fake, tmp_path):
    ended = locust(*QUICK, "--processes", "2", "-t", "10s", host=fake, folder=tmp_path)

    assert ended.went_well, ended.output
    assert len(ended.results["generator"]) == 2
    assert ended.results["counts"]["worker.register"] == 4


def test_every_promise_that_a_server_breaks_is_told(tmp_path):
    with listening("-m", "tests.live.lying_server") as url:
        ended = locust(*QUICK, "--sample", "1", "-t", "12s", host=url, folder=tmp_path)

    assert ended.code == 1, ended.output
    assert set(ended.results["promises"]["broken"]) == {
        "a job is handed out once",
        "a task that heartbeats in time is not withdrawn",
        "a token opens its own task alone",
        "what was acknowledged is kept",
    }


def test_a_server_that_answers_its_workers_with_nonsense_is_unknown_and_it_is_told_why(tmp_path):
    with listening("-m", "tests.live.lying_server", "--garbage") as url:
        ended = locust(*QUICK, host=url, folder=tmp_path)

    assert ended.code == 3, ended.output
    assert "no task was run, for one because" in ended.output
    assert "what was fetched is no job: KeyError 'command'" in ended.output
    assert "Traceback" not in ended.output


def test_workers_that_are_let_finish_drain_and_leave_no_task_behind(fake, tmp_path):
    ended = locust(*QUICK, "--stop-timeout", "30", host=fake, folder=tmp_path)

    counts = ended.results["counts"]
    assert ended.went_well, ended.output
    assert counts["jobs fetched"] == counts["tasks success"] + counts.get("tasks failed", 0)


def test_arrivals_come_by_rate_and_latency_counts_from_when_they_were_due(fake, tmp_path):
    rate = ("ArrivalUser", "--rate", "20", "--poisson")
    ended = locust(*QUICK, "-u", "20", "-r", "20", *rate, host=fake, folder=tmp_path)

    heartbeats = ended.results["latencies_ms"]["ti.heartbeat"]["count"]
    assert ended.results["failures"] == {}, ended.output
    assert heartbeats <= ended.results["arrivals"]["made"]


@pytest.mark.nightly
def test_a_generator_that_cannot_make_its_arrivals_in_time_says_unknown(fake, tmp_path):
    ended = locust(*QUICK, "-t", "6s", "ArrivalUser", "--rate", "1000000", host=fake, folder=tmp_path)

    assert ended.code == 3
    assert "the generator was saturated" in ended.output
    assert ended.results["arrivals"]["dropped"] > 0


def test_workers_that_were_cut_off_come_back(fake, tmp_path):
    ended = locust(*QUICK, "-t", "10s", "--shape", "herd", host=fake, folder=tmp_path)

    assert ended.went_well, ended.output
    assert ended.results["back"]["workers"] == 4
    assert ended.results["cut_off"] > 0


def test_in_a_token_storm_every_token_is_renewed_beside_those_of_new_tasks(fake, tmp_path):
    ended = locust(*QUICK, "--task-seconds", "60", "--shape", "token-storm", host=fake, folder=tmp_path)

    assert ended.went_well, ended.output
    assert ended.results["tokens_refreshed"] > ended.results["counts"]["ti.run"]


@pytest.mark.parametrize(
    ("host", "code", "words"),
    [
        (None, 64, "--host is missing"),
        ("localhost:80", 64, "give a URL"),
        ("http://no-such-host.invalid", 64, "is not known"),
        ("http://127.0.0.1:9", 3, "nobody listens"),
    ],
)
def test_a_host_that_cannot_be_is_told_in_one_line(host, code, words, tmp_path):
    ended = locust(*QUICK, host=host, folder=tmp_path)

    assert ended.code == code
    assert words in next(line for line in ended.output.splitlines() if line.startswith("loadtests: "))
    assert "Traceback" not in ended.output


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (b"HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\n<html>", "is no Execution API"),
        (b"\x00\xff rubbish", "not in HTTP"),
        (b"", "not in HTTP"),
        (_AN_OLD_DATE, "the clock of"),
    ],
)
def test_a_server_that_is_none_is_told_in_one_line(answer, words, tmp_path):
    with _answering(answer) as host:
        ended = locust(*QUICK, host=host, folder=tmp_path)

    assert ended.code == 3
    assert words in ended.output
    assert "Traceback" not in ended.output


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (("--slots", "0"), "--slots 0"),
        (("--feed", "dag-runs"), "needs --dag"),
        (("ArrivalUser",), "needs --rate"),
        (("SchedulerUser", "--dag", "etl"), "wants credentials"),
        (("TaskUser", "--feed", "none"), "--workloads"),
    ],
)
def test_options_that_cannot_mean_anything_are_told_in_one_line(options, words, fake, tmp_path):
    ended = locust(*QUICK, *options, host=fake, folder=tmp_path)

    assert ended.code == 64, ended.output
    assert words in next(line for line in ended.output.splitlines() if line.startswith("loadtests: "))
    assert "Traceback" not in ended.output


def test_a_wrong_key_is_told_in_one_line(fake, tmp_path):
    secret = {"AIRFLOW__API_AUTH__JWT_SECRET": "no" * 40}
    ended = locust(*QUICK, host=fake, folder=tmp_path, environ=secret)

    assert (ended.code, "takes none of our tokens" in ended.output) == (64, True)
    assert "Traceback" not in ended.output


@pytest.mark.nightly
def test_a_load_without_jobs_is_unknown_and_not_green(fake, tmp_path):
    ended = locust(*QUICK, "--feed", "none", host=fake, folder=tmp_path)

    assert ended.code == 3
    assert "no job was to be had" in ended.output


@contextmanager
def _answering(answer: bytes) -> Iterator[str]:
    """A server that says the same to everyone, and closes."""
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def serve() -> None:
            while True:
                try:
                    connection, _ = listener.accept()
                except OSError:
                    return
                with connection:
                    connection.recv(65536)
                    connection.sendall(answer)

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
        listener.shutdown(socket.SHUT_RDWR)
    thread.join()
