"""One try of a task as the released supervisor and its task runner live it, seen from the Execution API."""

from __future__ import annotations

import time
from contextlib import suppress
from datetime import UTC, datetime
from random import Random
from typing import Any

import gevent

from loadtests import payloads
from loadtests.calls import Answer, Line, NoAnswer, Refused, persist
from loadtests.feeds import Work
from loadtests.load import Load

#: Statuses of a heartbeat that withdraw the task.
WITHDRAWN = (404, 409, 410)
VARIABLE, CONNECTION = "load-variable", "load-connection"


class TaskLife:
    """One try: run, heartbeats beside the body, reads, an XCom, its final state."""

    def __init__(
        self, load: Load, work: Work, line: Line, *, host: str, random: Random, met: bool = False
    ) -> None:
        self._met = met
        self._load, self._work, self._line, self._host, self._random = load, work, line, host, random
        self.token = work.token
        self.ti = work.ti
        self._pid = load.new_pid()
        self._missed = 0
        self._heard = 0.0

    def live(self, *, intended: float | None = None) -> bool:
        """Live the try; whether its supervisor ends with 0."""
        retry = self.begin(intended=intended)
        if retry is None:
            return False
        if reason := self._accompany():
            self.killed(reason)
            return False
        return self._report(retry=retry)

    def begin(self, *, intended: float | None = None) -> bool | None:
        """Report the task as running; whether it would be retried, or None where it may not run."""
        load = self._load
        try:
            path = f"task-instances/{self.ti}/run"
            context = self._call("ti.run", "PATCH", path, self._begin(), intended=intended).json()
        except (NoAnswer, Refused) as end:
            load.task_ended("not begun", str(end))
            return None
        self._heard = time.monotonic()
        load.witness.begins(self._work, load.place(self._host))
        if load.sampled(self._random):
            load.promises.foreign(self._attempt_unheard, self._work, self.token)
        return bool(isinstance(context, dict) and context.get("should_retry"))

    def killed(self, reason: str) -> None:
        """The body was stopped before its end; nobody tells the server."""
        self._load.witness.ends(self._work, self._load.place(self._host), "info", reason=reason)
        self._load.task_ended("killed", reason)

    def _begin(self) -> dict[str, Any]:
        who = {"hostname": self._host, "unixname": "airflow", "pid": self._pid}
        return {"state": "running", "start_date": _now(), **who}

    # -- calls -----------------------------------------------------------------------------------------

    def _attempt(self, op: str, method: str, path: str, body: Any = None, **more: Any) -> Answer:
        token = f"Bearer {self.token}"
        answer = self._line.call(op, method, f"/execution/{path}", token=token, body=body, **more)
        if refreshed := answer.headers.get("refreshed-api-token"):
            self.token = str(refreshed)
            self._load.tokens_refreshed += 1
        return answer

    def _attempt_unheard(self, *given: Any, **more: Any) -> Answer:
        """An attempt with this token on what is not its own."""
        op, method, path, body = given
        return self._line.call(
            op, method, f"/execution/{path}", token=f"Bearer {self.token}", body=body, **more
        )

    def _call(self, op: str, method: str, path: str, body: Any = None, **more: Any) -> Answer:
        def attempt() -> Answer:
            answer = self._attempt(op, method, path, body, **more)
            more.pop("intended", None)  # it was the first attempt's
            return answer

        return persist(attempt, retries=self._load.pace.task_retries, random=self._random)

    # -- beside the body -------------------------------------------------------------------------------

    def _accompany(self) -> str:
        """Heartbeat until the body's end; why it was stopped before, or nothing."""
        interval = self._load.pace.interval("workers.min_heartbeat_interval")
        median = self._load.options.task_seconds * self._load.pace.scale
        ends = time.monotonic() + payloads.body_seconds(self._random, median=median, met=self._met)
        self._read()
        while (left := ends - time.monotonic()) > 0:
            if reason := self.heartbeat(every=interval):
                return reason
            gevent.sleep(max(0.0, min(interval, left)))
        return ""

    def heartbeat(self, *, every: float = 0, intended: float | None = None) -> str:
        """One heartbeat with its retries; why the task has to end now, or nothing."""
        path, body = f"task-instances/{self._work.ti}/heartbeat", {"hostname": self._host, "pid": self._pid}
        self._load.renew(self)
        try:
            self._call("ti.heartbeat", "PUT", path, body, every=every, intended=intended)
        except Refused as refusal:
            if refusal.answer.status in WITHDRAWN:
                self._load.promises.withdrawn(self._work, silence=time.monotonic() - self._heard)
                return f"withdrawn by the server: {refusal}"
            return self._miss(str(refusal))
        except NoAnswer as error:
            return self._miss(str(error))
        self._missed, self._heard = 0, time.monotonic()
        return ""

    def _miss(self, why: str) -> str:
        self._missed += 1
        most = int(self._load.pace.option("workers.max_failed_heartbeats"))
        return f"{most} heartbeats failed: {why}" if self._missed >= most else ""

    def _read(self) -> None:
        for op, path in (
            ("variables.get", f"variables/{VARIABLE}"),
            ("connections.get", f"connections/{CONNECTION}"),
        ):
            try:
                self._call(op, "GET", path, fine=(404,))
            except (NoAnswer, Refused):
                continue
        with suppress(NoAnswer, Refused):
            self._call("ti.rtif", "PUT", f"task-instances/{self._work.ti}/rtif", {"command": "echo {{ ds }}"})

    # -- the end ---------------------------------------------------------------------------------------

    def _report(self, *, retry: bool) -> bool:
        failed = payloads.fails(self._random)
        state = ("up_for_retry" if retry else "failed") if failed else "success"
        self._load.witness.ends(self._work, self._load.place(self._host), "fail" if failed else "ok")
        value = None if failed else payloads.xcom(self._random)
        try:
            if value is not None:
                self._call("xcoms.set", "POST", self._xcom, value)
            self._call("ti.state", "PATCH", f"task-instances/{self._work.ti}/state", _final(state))
        except (NoAnswer, Refused) as end:
            self._load.task_ended("not reported", str(end))
            return False
        self._load.task_ended(state)
        if self._load.sampled(self._random):
            self._load.promises.read_back(self._attempt, self._work, state=state, xcom=value)
        return True

    @property
    def _xcom(self) -> str:
        work = self._work
        return f"xcoms/{work.dag_id}/{work.run_id}/{work.task_id}/return_value"


def _final(state: str) -> dict[str, Any]:
    of_success: dict[str, Any] = {"task_outlets": [], "outlet_events": []} if state == "success" else {}
    return {"state": state, "end_date": _now(), **of_success}


def _now() -> str:
    return datetime.now(UTC).isoformat()
