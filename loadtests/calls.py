"""Calls as users make them: over geventhttpclient, told to Locust, measured from when they were meant to begin."""

from __future__ import annotations

import json
import time
import zlib
from collections.abc import Callable, Collection
from random import Random
from typing import TYPE_CHECKING, Any, NamedTuple

import gevent
from geventhttpclient import HTTPClient
from locust.contrib.fasthttp import FAILURE_EXCEPTIONS

from loadtests.pace import Retries

if TYPE_CHECKING:
    from loadtests.load import Load

VERSION = "2026-06-30"
AGENT = "apache-airflow-task-sdk/1.3.2 (Python/3.11.7)"
#: What a supervisor's client keeps open: httpx's pool of the SDK; tasks of one worker share ours.
CONNECTIONS = 16
#: Seconds after which an idle connection is not used again: httpx's default, which the SDK's client has.
KEEP_ALIVE = 5.0
#: A longer text is none that recurs.
TEXT = 80


class Answer(NamedTuple):
    """Status, headers and body of a reply; `headers` is asked in lower case."""

    status: int
    headers: Any
    body: bytes

    @property
    def content(self) -> bytes:
        """The body as the server meant it. Raises NoAnswer for one that was damaged."""
        if self.headers.get("content-encoding") != "gzip":
            return self.body
        try:
            return zlib.decompress(self.body, wbits=31)
        except zlib.error as error:
            raise NoAnswer(f"the reply with status {self.status} is no gzip: {error}") from None

    def json(self) -> Any:
        """The body as JSON, None for an empty one. Raises NoAnswer for what is none."""
        try:
            return json.loads(self.content) if self.body else None
        except ValueError:
            raise NoAnswer(f"the reply with status {self.status} is no JSON") from None

    @property
    def told(self) -> str:
        """Status and body in a line, for people."""
        try:
            return f"{self.status} {' '.join(self.content[:200].decode(errors='replace').split())}"
        except NoAnswer as error:
            return str(error)

    @property
    def kind(self) -> str:
        """What sort of refusal it is, without what differs from call to call: Locust counts failures by their texts."""
        try:
            detail = json.loads(self.content).get("detail")
        except (NoAnswer, ValueError, AttributeError):
            return str(self.status)
        reason = detail.get("reason") if isinstance(detail, dict) else detail
        return f"{self.status} {reason if isinstance(reason, str) and len(reason) < TEXT else ''}".strip()


class NoAnswer(Exception):
    """No reply came, or none that can be read: whether the call took effect is not known."""


class CutOff(NoAnswer):
    """The call was not sent: the load's shape has an outage now."""


class Refused(Exception):
    """The server answered with a status that no retry would change."""

    def __init__(self, answer: Answer) -> None:
        super().__init__(answer.told)
        self.answer = answer


class Line:
    """What one user has to a server: a few connections, kept open, made anew when they break."""

    def __init__(self, load: Load, *, host: str, timeout: float, keep: bool = True) -> None:
        self._load, self._host, self._timeout = load, host, timeout
        self._base = {"user-agent": AGENT, "accept": "*/*", "accept-encoding": "gzip, deflate"}
        if not keep:  # a worker's client has a new connection for each call
            self._base["connection"] = "close"
        self._client: HTTPClient | None = None
        self._used = 0.0

    def call(
        self,
        op: str,
        method: str,
        path: str,
        *,
        token: str = "",
        body: Any = None,
        fine: Collection[int] = (),
        intended: float | None = None,
        every: float = 0,
    ) -> Answer:
        """One attempt. Any 2xx and the statuses in `fine` are successes to Locust. Raises NoAnswer.

        `intended` is the moment, of time.perf_counter, at which the call should have begun; `every` is how many
        seconds apart such calls are meant to be. Both correct the latency for calls that a slow server kept waiting.
        """
        if self._load.gate.closed:
            self.close()
            self._load.cut_off += 1
            raise CutOff("the shape's outage")
        headers = {**self._base, "authorization": token} if token else self._base
        content = b""
        if body is not None:
            content = json.dumps(body, separators=(",", ":")).encode()
            headers = {**headers, "content-type": "application/json"}
        began = time.perf_counter()
        if began - self._used > KEEP_ALIVE:
            self.close()
        self._used = began
        answer: Answer | None = None
        error: Exception | None = None
        try:
            answer = self._send(method, path, content, headers)
        except FAILURE_EXCEPTIONS as failure:
            error = NoAnswer(f"{type(failure).__name__}: {failure or 'no reply in time'}")
        ended = time.perf_counter()
        if answer is not None and not (200 <= answer.status < 300 or answer.status in fine):
            error = _Unexpected(answer.kind)
        self._load.note(op, method, began, ended, answer, error, intended=intended, every=every)
        if answer is None:
            assert error is not None
            raise error
        return answer

    def _send(self, method: str, path: str, content: bytes, headers: dict[str, str]) -> Answer:
        if self._client is None:
            self._client = HTTPClient.from_url(
                self._host,
                concurrency=CONNECTIONS,
                connection_timeout=self._timeout,
                network_timeout=self._timeout,
            )
        reply = self._client.request(method, path, body=content, headers=headers)
        try:
            return Answer(reply.status_code, reply, bytes(reply.read()))
        finally:
            reply.release()

    def close(self) -> None:
        """Close what is open; the next call connects anew."""
        if self._client is not None:
            self._client.close()
            self._client = None


class _Unexpected(Exception):
    """An answer that the call does not count with."""


def persist(
    attempt: Callable[[], Answer], *, retries: Retries, random: Random, also: Collection[int] = ()
) -> Answer:
    """Attempt as the released client does: again after no answer, 5xx and the statuses in `also`.

    Raises Refused for another 4xx, NoAnswer when the attempts are used up.
    """
    last: Exception = NoAnswer("no attempt was made")
    for number in range(1, retries.attempts + 1):
        try:
            answer = attempt()
        except NoAnswer as error:
            last = error
        else:
            if answer.status < 400:
                return answer
            if answer.status < 500 and answer.status not in also:
                raise Refused(answer)
            last = NoAnswer(answer.told)
        if number < retries.attempts:
            gevent.sleep(retries.wait(number, random))
    raise NoAnswer(f"gave up after {retries.attempts} attempts: {last}")
