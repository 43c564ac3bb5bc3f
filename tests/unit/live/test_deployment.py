"""Somebody's own server: its URL, and what opens it."""

from __future__ import annotations

import asyncio
import socket

import pytest

from harness.cli import main
from harness.errors import BadParameter, NotStarted
from harness.live.airflow_rest import AirflowRest, ServerRefused
from harness.live.deployment import Deployment, survey


@pytest.mark.parametrize(
    ("url", "mend"),
    [
        ("https://airflow.example.org", "forward a local port"),
        ("http://localhost:8080/airflow", "forward a local port"),
        ("ftp://localhost", "forward a local port"),
        ("http://localhost:0", "forward a local port"),
        ("http://localhost#part", "forward a local port"),
        ("http://localhost:no", "is no URL"),
        ("http://someone:secret@localhost", "leave that out and set HARNESS_AIRFLOW_USERNAME"),
    ],
)
def test_a_url_that_the_relays_cannot_serve_is_refused(url: str, mend: str) -> None:
    with pytest.raises(BadParameter, match=mend) as told:
        Deployment.at(url, {})
    assert "secret" not in str(told.value)


def test_an_address_of_ipv6_keeps_its_brackets() -> None:
    deployment = Deployment.at("http://[::1]:8080/", {})
    assert (deployment.host, deployment.port, deployment.url) == ("::1", 8080, "http://[::1]:8080")


@pytest.mark.live
@pytest.mark.parametrize(
    "reply",
    [
        b"HTTP/1.1 200 OK\r\nContent-Length: 13\r\n\r\n<html></html>",
        b"HTTP/1.1 200 OK\r\nContent-Length: 7\r\n\r\n[1, 2] ",
        b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}",
        b"HTTP/1.1 302 Found\r\nLocation: /login\r\nContent-Length: 0\r\n\r\n",
        b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n",
    ],
    ids=["a page", "a list", "another object", "a redirect", "nothing there"],
)
def test_what_is_no_airflow_is_told_from_one(reply: bytes) -> None:
    async def look() -> str:
        async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            if await reader.read(1):
                writer.write(reply)
                await writer.drain()
            writer.close()

        async with await asyncio.start_server(answer, "127.0.0.1", 0) as server:
            port = server.sockets[0].getsockname()[1]
            deployment = Deployment.at(f"http://127.0.0.1:{port}", {})
            return await survey(deployment, AirflowRest(deployment.url))

    with pytest.raises(NotStarted, match=r"is no Airflow 3 with an Edge API \(.*\): correct --server"):
        asyncio.run(look())


@pytest.mark.live
def test_a_token_that_no_header_can_hold_is_refused_at_once() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        rest = AirflowRest(f"http://127.0.0.1:{listener.getsockname()[1]}")
        rest.use_token("two\nlines")
        with pytest.raises(ServerRefused, match="cannot be sent"):
            asyncio.run(rest.call("GET", "/"))


def test_what_opens_it_is_read_from_the_environment_and_shown_nowhere() -> None:
    environ = {"HARNESS_AIRFLOW_TOKEN": "t0ken", "AIRFLOW__API_AUTH__JWT_SECRET": "s3cret"}
    deployment = Deployment.at("http://localhost:8080", environ)
    deployment.check_opened()
    assert "t0ken" not in repr(deployment)
    assert "s3cret" not in repr(deployment)


@pytest.mark.parametrize(
    ("environ", "missing"),
    [
        ({}, "HARNESS_AIRFLOW_USERNAME"),
        ({"HARNESS_AIRFLOW_USERNAME": "a"}, "HARNESS_AIRFLOW_PASSWORD"),
        ({"HARNESS_AIRFLOW_TOKEN": "t"}, "AIRFLOW__API_AUTH__JWT_SECRET"),
    ],
)
def test_what_is_missing_is_named(environ: dict[str, str], missing: str) -> None:
    with pytest.raises(BadParameter, match=missing):
        Deployment.at("http://localhost:8080", environ).check_opened()


@pytest.mark.parametrize(
    ("arguments", "mend"),
    [
        (["--world", "live", "--server", "http://u:p@localhost"], "leave the user out"),
        (["--world", "live", "--server", "airflo"], "choose one of fake, airflow"),
        (["--server", "airflow"], "take --world live"),
        (["--i-own-this"], "give its URL with --server"),
    ],
)
def test_a_server_that_cannot_be_is_refused_in_one_line(
    arguments: list[str], mend: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["run", "quiet", "--no-store", *arguments]) == 64
    assert mend in capsys.readouterr().err
