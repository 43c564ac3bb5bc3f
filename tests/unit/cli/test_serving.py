import socket

import pytest

from harness.cli.serving import is_loopback, listen
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
