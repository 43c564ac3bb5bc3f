from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from harness.cli import main
from harness.proxy import Client, running

CONFIG = '[{"name": "web", "listen": "127.0.0.1:0", "upstream": "127.0.0.1:1"}, {"name": "off", "upstream": "a:1", "enabled": false}]'


@pytest.mark.live
def test_the_proxies_of_a_config_file_are_there_until_the_command_is_terminated(tmp_path: Path) -> None:
    config = tmp_path / "toxiproxy.json"
    config.write_text(CONFIG, encoding="utf-8")
    command = [
        sys.executable,
        "-m",
        "harness",
        "proxy",
        "--port",
        "0",
        "--seed",
        "7",
        "--config",
        str(config),
    ]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env={**os.environ}) as process:
        try:
            assert process.stdout is not None
            first = process.stdout.readline()
            told = re.match(r"Toxiproxy's API listens on (http://127\.0\.0\.1:\d+), seed 7", first)
            assert told is not None
            assert re.match(r"  web: 127\.0\.0\.1:\d+ → 127\.0\.0\.1:1$", process.stdout.readline())
            assert process.stdout.readline() == "  off: 127.0.0.1:0 → a:1, disabled\n"
            with Client(told[1]) as client:
                assert {name: proxy.enabled for name, proxy in client.proxies().items()} == {
                    "web": True,
                    "off": False,
                }
        finally:
            process.send_signal(signal.SIGTERM)
        assert process.wait(timeout=60) == 143


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("{", "not JSON: "),
        ("{}", "give an array: "),
        ('[{"name": "x"}]', "the proxies to begin with: missing required field: upstream at proxy 1"),
        ('[{"name": "x", "upstream": "nowhere"}]', "upstream is 'nowhere': write it like 127.0.0.1:8080"),
        ("[5]", "proxy 1 is not an object"),
    ],
)
@pytest.mark.live
def test_a_config_file_with_a_mistake_is_a_usage_error(tmp_path, capsys, text, told):
    config = tmp_path / "toxiproxy.json"
    config.write_text(text, encoding="utf-8")
    assert main(["proxy", "--port", "0", "--config", str(config)]) == 64
    assert told in capsys.readouterr().err


@pytest.mark.parametrize(
    ("options", "told"),
    [
        (["--config", "/no/such/file"], "--config /no/such/file: No such file or directory"),
        (["--port", "70000"], "--port 70000: give one between 0 and 65535"),
        (["--port", "-1"], "--port -1: give one between 0 and 65535"),
        (["--host", "no.such.host.invalid"], "no such host; give another --host or --port"),
        (["--seed", "x"], "invalid int value: 'x'"),
    ],
)
@pytest.mark.live
def test_options_that_cannot_be_are_usage_errors(capsys, options, told):
    assert main(["proxy", *options]) == 64
    assert told in capsys.readouterr().err


@pytest.mark.live
def test_a_port_in_use_is_a_usage_error(capsys):
    with running() as server:
        assert main(["proxy", "--port", str(server.port)]) == 64
    assert "address already in use; give another --host or --port" in capsys.readouterr().err
