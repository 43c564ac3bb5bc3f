"""toxiproxy-python 0.1.1, as released, drives the embedded server as it drives the original: everything it offers."""

from __future__ import annotations

import importlib.metadata
import json
import os
import shutil
import socket
import threading
import time
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

import pytest

from harness import proxy

toxiproxy = pytest.importorskip("toxiproxy", reason="toxiproxy-python is in the extra `live`")
pytestmark = pytest.mark.live


@pytest.fixture(params=["embedded", "original"])
def client(request: pytest.FixtureRequest) -> Iterator[Any]:
    """toxiproxy-python keeps host and port of the server in its class: they are put back."""
    from toxiproxy.api import APIConsumer

    where = "embedded"
    if request.param == "original":
        where = os.environ.get("TOXIPROXY_SERVER") or ""
        if not shutil.which(where):
            pytest.skip(
                "TOXIPROXY_SERVER names no toxiproxy-server: set it to the path of one to run this arm"
            )
    before = APIConsumer.host, APIConsumer.port
    with proxy.toxiproxy(where) as server:
        client = toxiproxy.Toxiproxy()
        url = urlsplit(server.url)
        client.update_api_consumer(url.hostname, url.port)
        try:
            yield client
        finally:
            client.update_api_consumer(*before)


@pytest.fixture
def upstream() -> Iterator[str]:
    """A server that sends back what it gets."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        threading.Thread(target=_serve, args=[listener], daemon=True).start()
        yield "{}:{}".format(*listener.getsockname())


def _serve(listener: socket.socket) -> None:
    while True:
        try:
            connection, _ = listener.accept()
        except OSError:
            return
        threading.Thread(target=_echo, args=[connection], daemon=True).start()


def _echo(connection: socket.socket) -> None:
    with connection:
        try:
            while data := connection.recv(65536):
                connection.sendall(data)
        except OSError:
            return


def _connect(proxy) -> socket.socket:
    host, _, port = proxy.listen.rpartition(":")
    return socket.create_connection(("127.0.0.1" if host == "[::]" else host, int(port)), timeout=20)


def _accepts(proxy) -> bool:
    try:
        _connect(proxy).close()
    except ConnectionRefusedError:
        return False
    return True


def test_it_is_the_released_package():
    assert importlib.metadata.version("toxiproxy-python") == "0.1.1"


def test_the_server_runs_and_has_a_version(client):
    assert client.running() is True
    assert json.loads(client.version())["version"].startswith("2.")


def test_a_proxy_is_created_found_and_destroyed(client, upstream):
    created = client.create(upstream=upstream, name="mysql")
    found = client.get_proxy("mysql")
    assert (found.upstream, found.name, found.enabled, found.listen) == (
        upstream,
        "mysql",
        True,
        created.listen,
    )
    assert _accepts(found)
    assert client.destroy(found) is True
    assert client.get_proxy("mysql") is None
    assert not _accepts(found)


def test_a_proxy_can_be_created_disabled_at_an_address(client):
    listen = f"127.0.0.1:{_free_port()}"
    proxy = client.create(upstream="localhost:3306", name="off", enabled=False, listen=listen)
    assert (proxy.enabled, proxy.listen, _accepts(proxy)) == (False, listen, False)


def test_two_proxies_of_one_name_are_refused(client):
    from toxiproxy.exceptions import ProxyExists

    client.create(upstream="localhost:3306", name="mysql")
    with pytest.raises(ProxyExists):
        client.create(upstream="localhost:3306", name="mysql")


def test_a_proxy_is_down_within_the_block(client, upstream):
    proxy = client.create(upstream=upstream, name="web")
    with proxy.down():
        assert not _accepts(proxy)
    assert _accepts(proxy)
    proxy.disable()
    assert client.get_proxy("web").enabled is False
    proxy.enable()
    assert client.get_proxy("web").enabled is True


def test_a_toxic_strikes_is_listed_and_destroyed(client, upstream):
    proxy = client.create(upstream=upstream, name="web")
    with _connect(proxy) as connection:
        proxy.add_toxic(type="latency", attributes={"latency": 200})
        assert _round_trip(connection) >= 0.195
        toxic = proxy.get_toxic("latency_downstream")
        assert (toxic.type, toxic.stream, toxic.toxicity) == ("latency", "downstream", 1)
        assert toxic.attributes == {"latency": 200, "jitter": 0}
        assert proxy.destroy_toxic("latency_downstream") is True
        assert proxy.toxics() == {}
        _round_trip(connection)


def _round_trip(connection: socket.socket) -> float:
    begun = time.monotonic()
    connection.sendall(b"ping")
    assert connection.recv(100) == b"ping"
    return time.monotonic() - begun


def test_what_is_wrong_raises_its_exceptions(client, upstream):
    from toxiproxy.exceptions import InvalidToxic, NotFound, ProxyExists

    proxy = client.create(upstream=upstream, name="web")
    with pytest.raises(InvalidToxic, match="invalid toxic type"):
        proxy.add_toxic(type="poison")
    with pytest.raises(InvalidToxic, match="stream was invalid"):
        proxy.add_toxic(type="latency", stream="sideways")
    with pytest.raises(NotFound, match="toxic not found"):
        proxy.destroy_toxic("none")
    proxy.add_toxic(type="latency")
    with pytest.raises(ProxyExists, match="toxic already exists"):
        proxy.add_toxic(type="latency")
    client.destroy(proxy)
    with pytest.raises(NotFound, match="proxy not found"):
        proxy.toxics()


def test_proxies_are_populated_and_moved(client, upstream):
    ports = [_free_port() for _ in range(3)]
    config = [{"name": f"p{port}", "upstream": upstream, "listen": f"127.0.0.1:{port}"} for port in ports[:2]]
    assert [_accepts(proxy) for proxy in client.populate(config)] == [True, True]
    config[0]["listen"] = f"127.0.0.1:{ports[2]}"
    (moved,) = client.populate(config)
    assert (moved.listen, _accepts(moved)) == (config[0]["listen"], True)
    assert len(client.proxies()) == 2


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        return int(probe.getsockname()[1])


def test_a_reset_enables_everything_and_leaves_no_toxic(client, upstream):
    proxy = client.create(upstream=upstream, name="web")
    proxy.add_toxic(type="timeout", attributes={"timeout": 0})
    proxy.disable()
    assert client.reset() is True
    assert _accepts(proxy)
    assert proxy.toxics() == {}
    client.destroy_all()
    assert client.proxies() == {}
