from __future__ import annotations

import json
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Event, Thread

import pytest

from harness.live import probes
from harness.live.doctor import PROBES, Finding, Probe, examine
from harness.live.probes import Look, Looked


def _examined(look: Look, *, patience: float = 30) -> Finding:
    (finding,) = examine([Probe(name="it", look=look, good_for="us", get="ask")], patience=patience)
    return finding


def test_what_is_looked_for_is_told_apart_by_name() -> None:
    assert len({probe.name for probe in PROBES}) == len(PROBES)


def test_a_look_that_does_not_end_is_not_waited_for() -> None:
    finding = _examined(lambda: Looked(Event().wait(), "never"), patience=0.01)
    assert (finding.there, finding.found) == (False, "no answer within 0.01 s")


def test_a_look_that_fails_finds_nothing_and_says_why() -> None:
    def look() -> Looked:
        raise OSError("too many open files")

    finding = _examined(look)
    assert (finding.there, finding.found) == (False, "the look for it failed: OSError: too many open files")


def _program(folder: Path, *, said: str, code: int = 0) -> str:
    script = folder / "program"
    script.write_text(f"#!/bin/sh\necho '{said}'\nexit {code}\n")
    script.chmod(0o755)
    return str(script)


@pytest.mark.parametrize(("code", "there"), [(0, True), (1, False)])
def test_a_program_is_there_if_it_tells_its_version(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, code: int, there: bool
) -> None:
    monkeypatch.setenv("TOXIPROXY_SERVER", _program(tmp_path, said="version 2.12.0", code=code))
    assert probes.toxiproxy() == (there, "version 2.12.0")


def test_a_program_that_is_named_and_missing_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TOXIPROXY_SERVER", "/nowhere/toxiproxy-server")
    assert probes.toxiproxy() == (False, "no /nowhere/toxiproxy-server here, or none that can be run")


def test_releases_are_those_whose_environments_are_built(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HARNESS_CACHE", str(tmp_path))
    assert probes.releases() == (False, "none yet")
    for name, text in {
        "a": json.dumps({"requirements": ["apache-airflow-core==3.10.0", "asyncpg"], "python": "3.11"}),
        "b": json.dumps({"requirements": ["apache-airflow-core==3.3.2"], "python": "3.12"}),
        "c": "half wri",
    }.items():
        (tmp_path / "environments" / name).mkdir(parents=True)
        (tmp_path / "environments" / name / "complete.json").write_text(text)
    (tmp_path / "environments" / "unfinished").mkdir()
    assert probes.releases() == (True, "3.3.2, 3.10.0")


def test_a_docker_engine_on_another_machine_is_not_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DOCKER_HOST", "tcp://build-server:2375")
    assert probes.docker() == (False, "DOCKER_HOST names tcp://…, which is not asked")


def test_an_index_that_is_no_web_server_is_not_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PIP_INDEX_URL", "file:///srv/packages")
    assert not probes.package_index().there


@contextmanager
def _docker(path: Path, reply: bytes) -> Iterator[None]:
    def answer() -> None:
        connection, _ = listener.accept()
        with connection:
            connection.recv(1000)
            connection.sendall(reply)

    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(path))
        listener.listen()
        answering = Thread(target=answer)
        answering.start()
        yield
        answering.join()


@pytest.mark.live
@pytest.mark.parametrize(
    ("body", "there", "found"),
    [
        (b'{"Version": "27.0.1"}', True, "27.0.1 at "),
        (b'{"Version": "27.0.1", "KernelVersion": "of a virtual machine"}', False, "27.0.1 at "),
        (b"<html>", False, "no engine at "),
        (b"{}", False, "no engine at "),
    ],
)
def test_a_docker_engine_is_one_that_tells_its_version(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, body: bytes, there: bool, found: str
) -> None:
    path = tmp_path / "docker.sock"
    monkeypatch.setenv("DOCKER_HOST", f"unix://{path}")
    with _docker(path, b"HTTP/1.0 200 OK\r\n\r\n" + body):
        looked = probes.docker()
    assert looked.there is there
    assert looked.found.startswith(f"{found}{path}")


@contextmanager
def _index(status: int) -> Iterator[tuple[int, list[str]]]:
    asked: list[str] = []

    class Handler(BaseHTTPRequestHandler):
        def do_HEAD(self) -> None:
            asked.append(f"{self.path} {self.headers.get('Authorization')}")
            self.send_response(status)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        serving = Thread(target=server.serve_forever, args=(0.01,))
        serving.start()
        yield server.server_port, asked
        server.shutdown()
        serving.join()


@pytest.mark.live
@pytest.mark.parametrize(
    ("status", "there", "found"),
    [
        (200, True, "http://127.0.0.1 answers"),
        (401, True, "http://127.0.0.1 answers 401"),
        (503, False, "http://127.0.0.1 answers 503"),
    ],
)
def test_the_index_is_asked_where_pip_would_and_its_password_told_to_nobody(
    monkeypatch: pytest.MonkeyPatch, status: int, there: bool, found: str
) -> None:
    with _index(status) as (port, asked):
        monkeypatch.setenv("PIP_INDEX_URL", f"http://ann:secret@127.0.0.1:{port}/simple/")
        assert probes.package_index() == (there, found)
    assert asked == ["/simple/apache-airflow-core/ None"]


@pytest.mark.live
def test_an_index_that_is_not_there_is_told_with_the_reason(monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    monkeypatch.setenv("PIP_INDEX_URL", f"http://127.0.0.1:{port}/simple")
    assert probes.package_index() == (
        False,
        "http://127.0.0.1 is not reached: [Errno 111] Connection refused",
    )
