"""The process of one try reports what, and when, as Airflow's released supervisor does."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from random import Random
from types import SimpleNamespace
from typing import Any, NamedTuple
from uuid import UUID

import httpx
import pytest

from harness.model.options import values
from harness.model.plan import Submission
from harness.units import seconds
from harness.workers.task_process import TaskProcess, Workload

REQUEST = httpx.Request("PUT", "http://api")
TI = UUID(int=1)


class ServerError(httpx.HTTPStatusError):
    """What the client raises for an error that the API server itself has answered."""


def refusal(status: int, kind: type[httpx.HTTPStatusError] = ServerError) -> httpx.HTTPStatusError:
    return kind(str(status), request=REQUEST, response=httpx.Response(status))


class Outage(NamedTuple):
    """The call fails after so many seconds of retries."""

    takes: float = 31.0


@dataclass
class Host:
    """A clock, one body on it, and a client whose calls do what the test says; else they succeed at once."""

    task: Submission
    fails: bool = False
    should_retry: bool = False
    answers: dict[str, Iterator[Any]] = field(default_factory=dict)
    now: float = 0.0
    calls: list[tuple[float, str]] = field(default_factory=list)
    killed: str | None = None
    name, server_url, jwt_secret, random = "worker-1", "", "", Random(1)

    def call(self, name: str) -> None:
        self.calls.append((self.now, name))
        answer = next(self.answers.get(name, iter(())), None)
        self.now += answer.takes if isinstance(answer, Outage) else 0.001
        if isinstance(answer, Outage):
            raise httpx.ConnectError("unreachable", request=REQUEST)
        if answer is not None:
            raise answer

    @property
    def client(self) -> Any:
        def named(name: str) -> Any:
            return lambda *_, **__: self.call(name)

        def start(*_: Any) -> Any:
            self.call("run")
            return SimpleNamespace(should_retry=self.should_retry)

        instances = {name: named(name) for name in ("heartbeat", "succeed", "retry", "finish")}
        return SimpleNamespace(
            task_instances=SimpleNamespace(start=start, **instances),
            xcoms=SimpleNamespace(set=named("xcom")),
            variables=SimpleNamespace(get=named("variable")),
            connections=SimpleNamespace(get=named("connection")),
        )

    def sleep(self, duration: float) -> None:
        self.now += duration

    # -- a Site, and the Body on it -------------------------------------------------------------------

    def utcnow(self) -> datetime:
        return datetime(2026, 1, 1, tzinfo=UTC)

    def monotonic(self) -> float:
        return self.now

    def new_pid(self) -> int:
        return 100

    def task_of(self, *_: str) -> Submission:
        return self.task

    @property
    def done(self) -> bool:
        return self.killed is not None or self.now >= self.ends_at

    @property
    def ends_at(self) -> float:
        return 0.001 + self.task.lasting.total_seconds()

    def kill(self, reason: str) -> None:
        self.killed = reason

    def live(self) -> int:
        site: Any = SimpleNamespace(
            name=self.name,
            utcnow=self.utcnow,
            monotonic=self.monotonic,
            option=values({}).__getitem__,
            task=self.task_of,
            begin=lambda *_, **__: self,
        )
        what = Workload(ti=TI, dag_id="d", task_id="t", run_id="r", try_number=1, map_index=-1)
        return TaskProcess(
            workload=what,
            client=self.client,
            site=site,
            pid=100,
            sleep=self.sleep,
            log=lambda line: None,
            server_error=ServerError,
        ).run()

    @property
    def told(self) -> list[str]:
        return [name for _, name in self.calls]


def host(lasting: float = 3, *, reads: bool = False, xcom_bytes: int = 0, **more: Any) -> Host:
    answers = {name: iter(each) for name, each in more.pop("answers", {}).items()}
    task = Submission(
        at=seconds(0),
        dag_id="d",
        task_id="t",
        run_id="r",
        lasting=seconds(lasting),
        reads=reads,
        xcom_bytes=xcom_bytes,
    )
    return Host(task=task, answers=answers, **more)


def test_it_heartbeats_at_once_and_then_every_five_seconds() -> None:
    it = host(12)
    assert it.live() == 0
    assert [round(at) for at, name in it.calls if name == "heartbeat"] == [0, 5, 10]
    assert it.told[-1] == "succeed"


def test_what_the_body_reads_does_not_add_heartbeats() -> None:
    it = host(reads=True, xcom_bytes=1)
    it.live()
    assert it.told == ["run", "heartbeat", "variable", "connection", "xcom", "succeed"]


def test_between_calls_that_took_long_it_heartbeats() -> None:
    it = host(100, reads=True, answers={"variable": [Outage()]})
    it.live()
    assert it.told[:5] == ["run", "heartbeat", "variable", "heartbeat", "connection"]


def test_a_success_that_could_not_be_reported_is_reported_once_more_after_a_heartbeat() -> None:
    it = host(answers={"succeed": [Outage(), Outage()]})
    assert it.live() == 0
    assert it.told == ["run", "heartbeat", "succeed", "heartbeat", "succeed"]


def test_a_retry_that_could_not_be_reported_at_first_fails_the_process() -> None:
    it = host(fails=True, should_retry=True, answers={"retry": [Outage()]})
    assert it.live() == 1
    assert it.told[-1] == "retry"


def test_a_return_value_that_could_not_be_pushed_fails_the_try() -> None:
    it = host(xcom_bytes=1, answers={"xcom": [refusal(500)]})
    assert it.live() == 0
    assert it.told[-2:] == ["xcom", "finish"]


@pytest.mark.parametrize("status", [404, 409, 410])
def test_a_task_that_the_server_withdraws_is_killed_and_not_reported(status: int) -> None:
    it = host(60, answers={"heartbeat": [None, refusal(status)]})
    assert it.live() != 0
    assert it.killed == "the server withdrew the task"
    assert it.told == ["run", "heartbeat", "heartbeat"]


def test_only_the_api_server_can_withdraw_a_task() -> None:
    it = host(12, answers={"heartbeat": [refusal(404, httpx.HTTPStatusError)]})
    assert it.live() == 0
    assert it.killed is None


@pytest.mark.parametrize(("should_retry", "last"), [(False, "finish"), (True, "heartbeat")])
def test_after_three_failed_heartbeats_a_final_failure_alone_is_reported(
    should_retry: bool, last: str
) -> None:
    it = host(600, should_retry=should_retry, answers={"heartbeat": [Outage()] * 3})
    assert it.live() != 0
    assert it.killed == "too many failed heartbeats"
    assert it.told == ["run", *["heartbeat"] * 3, *([last] if last == "finish" else [])]


def test_a_body_that_ends_before_it_is_killed_is_reported_as_it_ended() -> None:
    it = host(3 * 31 + 2 * 5 + 3, answers={"heartbeat": [Outage()] * 3})
    assert it.live() == 0
    assert it.killed is None
    assert it.told[-1] == "succeed"


def test_a_withdrawn_task_that_fails_before_it_is_killed_is_not_reported() -> None:
    it = host(8, fails=True, answers={"heartbeat": [None, refusal(409)]})
    assert it.live() == 0
    assert it.told == ["run", "heartbeat", "heartbeat"]
