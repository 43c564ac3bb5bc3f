import socket
import subprocess
import sys
from pathlib import Path

import pytest

from fake_api import Settings
from harness.cli import main
from harness.cli.serving import describe, is_loopback, listen
from harness.errors import BadParameter


@pytest.mark.live
def test_port_0_takes_a_free_one() -> None:
    with listen("127.0.0.1", 0) as listener:
        assert listener.getsockname()[1] > 0


@pytest.mark.live
def test_a_port_that_is_taken_is_a_usage_error_that_names_the_way_out() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(BadParameter, match=f"127.0.0.1:{port}: .* give another --host or --port"):
            listen("127.0.0.1", port)


@pytest.mark.parametrize(
    ("host", "loopback"),
    [("127.0.0.1", True), ("127.1.2.3", True), ("::1", True), ("0.0.0.0", False), ("10.0.0.1", False)],
)
def test_only_loopback_addresses_cannot_be_reached_from_elsewhere(host: str, loopback: bool) -> None:
    assert is_loopback(host) is loopback


@pytest.mark.live
def test_a_host_that_is_not_there_is_a_usage_error() -> None:
    with pytest.raises(BadParameter, match=r"cannot listen on no\.such\.host\.invalid:0"):
        listen("no.such.host.invalid", 0)


SECRET = "AIRFLOW__API_AUTH__JWT_SECRET"


def test_the_settings_a_worker_needs_are_printed_with_the_default_secret_and_with_no_other() -> None:
    told = describe("http://127.0.0.1:1", Settings(), {}, admin=True)
    assert "AIRFLOW__CORE__EXECUTION_API_SERVER_URL=http://127.0.0.1:1/execution/" in told
    assert "AIRFLOW__EDGE__API_URL=http://127.0.0.1:1/edge_worker/v1/rpcapi" in told
    assert f"{SECRET}={Settings().jwt_secret}" in told
    assert "POST http://127.0.0.1:1/admin/seed" in told
    mine = "m" * 64
    told = describe("http://127.0.0.1:1", Settings(jwt_secret=mine), {SECRET: mine}, admin=False)
    assert mine not in told
    assert "admin" not in told


@pytest.mark.live
@pytest.mark.parametrize(
    ("options", "environment", "told"),
    [
        (["--host", "0.0.0.0", "--admin"], {}, "set HARNESS_ADMIN_TOKEN"),
        (["--audit", "nowhere/audit.jsonl"], {}, "--audit nowhere/audit.jsonl: No such file"),
        (["--state", "nowhere/fake.db"], {}, "--state: cannot use nowhere/fake.db"),
        (["--state", "garbage"], {}, "garbage is no state of a server"),
        ([], {SECRET: "short"}, "jwt_secret has 5 characters"),
        (
            [],
            {"AIRFLOW__API_AUTH__JWT_LEEWAY": "ten"},
            "AIRFLOW__API_AUTH__JWT_LEEWAY is 'ten': give a number",
        ),
        (
            [],
            {"AIRFLOW__API_AUTH__JWT_PRIVATE_KEY_PATH": "no.pem"},
            "jwt_private_key_path no.pem: No such file",
        ),
        ([], {"AIRFLOW__API_AUTH__TRUSTED_JWKS_URL": "file:///x"}, "give the path alone"),
    ],
)
def test_what_cannot_be_served_is_a_usage_error_in_one_line(
    options: list[str],
    environment: dict[str, str],
    told: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    garbage = tmp_path / "garbage"
    garbage.write_text("x" * 5000)
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    assert main(["serve", "--port", "0", *options]) == 64
    complaint = capsys.readouterr().err
    assert told in complaint
    assert complaint.count("\n") == 1
    assert garbage.read_text() == "x" * 5000
    assert sorted(each.name for each in tmp_path.iterdir()) == ["garbage"]


STARTING = """
import contextlib, signal, sys
import uvicorn

run = uvicorn.Server.run

def starting(server, sockets):
    with contextlib.suppress(KeyboardInterrupt):  # as a finalizer does, wherever the signal finds one
        signal.raise_signal(signal.SIGINT)
    run(server, sockets=sockets)

uvicorn.Server.run = starting
from harness.cli import main
sys.exit(main(["serve", "--port", "0"]))
"""


@pytest.mark.live
def test_ctrl_c_while_the_server_starts_ends_it() -> None:
    command = [sys.executable, "-c", STARTING]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=120)
    assert (done.returncode, done.stderr) == (130, "harness: interrupted\n")
