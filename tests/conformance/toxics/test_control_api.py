"""The control API answers as Toxiproxy's does: status codes, texts, JSON. The same on all three arms."""

from __future__ import annotations

import asyncio
from urllib.parse import quote

import pytest

from tests.conformance.toxics.arms import ALL, OURS, Run, simulated
from tests.conformance.toxics.bench import Bench, error_of
from tests.conformance.toxics.peers import Peer

everywhere = pytest.mark.parametrize("run", ALL)
ours = pytest.mark.parametrize("run", OURS)
WEB = "/proxies/web"


@everywhere
@pytest.mark.parametrize(
    ("method", "path", "body", "status", "text"),
    [
        ("POST", "/proxies", {}, 400, "missing required field: name"),
        ("POST", "/proxies", {"name": ""}, 400, "missing required field: name"),
        ("POST", "/proxies", {"name": "x"}, 400, "missing required field: upstream"),
        ("POST", "/proxies", {"name": "web", "upstream": "a:1"}, 409, "proxy already exists"),
        ("GET", "/proxies/none", None, 404, "proxy not found"),
        ("PATCH", "/proxies/none", {}, 404, "proxy not found"),
        ("POST", "/proxies/none", {}, 404, "proxy not found"),
        ("DELETE", "/proxies/none", None, 404, "proxy not found"),
        ("GET", "/proxies/none/toxics", None, 404, "proxy not found"),
        ("POST", "/proxies/none/toxics", {"type": "latency"}, 404, "proxy not found"),
        ("GET", f"{WEB}/toxics/none", None, 404, "toxic not found"),
        ("PATCH", f"{WEB}/toxics/none", {}, 404, "toxic not found"),
        ("DELETE", f"{WEB}/toxics/none", None, 404, "toxic not found"),
        ("POST", f"{WEB}/toxics", {"type": "none"}, 400, "invalid toxic type"),
        ("POST", f"{WEB}/toxics", {}, 400, "invalid toxic type"),
        ("POST", f"{WEB}/toxics", {"type": "slicer", "name": "known"}, 409, "toxic already exists"),
        (
            "POST",
            f"{WEB}/toxics",
            {"type": "latency", "stream": "sideways"},
            400,
            "stream was invalid, can be either upstream or downstream",
        ),
    ],
)
def test_what_cannot_be_is_refused_in_toxiproxys_words(run: Run, method, path, body, status, text):
    async def case(bench: Bench) -> None:
        await bench.make_proxy()
        await bench.add("latency", name="known")
        if body == {"type": "slicer", "name": "known"}:
            body["attributes"] = {"average_size": 10}
        assert error_of(await bench.api(method, path, body)) == (status, text)

    run(case)


@everywhere
@pytest.mark.parametrize("body", [b"", b"{", b"[]", b'"text"', b"\xff\xfe", b"nonsense", b'{"name": 5}'])
def test_a_body_that_cannot_be_read_is_a_bad_request(run: Run, body):
    async def case(bench: Bench) -> None:
        await bench.make_proxy()
        for path in ("/proxies", WEB, f"{WEB}/toxics"):
            status, text = error_of(await bench.api("POST", path, raw=body))
            assert (status, text[:18]) == (400, "bad request body: ")

    run(case)


@everywhere
def test_a_proxy_is_made_shown_listed_changed_and_deleted(run: Run):
    async def case(bench: Bench) -> None:
        await bench.make_proxy()
        listen = f"{bench.listen[0]}:{bench.listen[1]}"
        web = {
            "name": "web",
            "listen": listen,
            "upstream": bench.upstream_address,
            "enabled": True,
            "toxics": [],
        }
        shown = await bench.api("GET", WEB)
        assert shown.headers["content-type"] == "application/json"
        assert {name: value for name, value in shown.json.items() if name != "Logger"} == web
        assert list((await bench.api("GET", "/proxies")).json) == ["web"]
        changed = await bench.api("PATCH", WEB, {"upstream": "127.0.0.1:1"})
        assert (changed.status, changed.json["upstream"], changed.json["listen"]) == (
            200,
            "127.0.0.1:1",
            listen,
        )
        gone = await bench.api("DELETE", WEB)
        assert (gone.status, gone.body) == (204, b"")
        assert (await bench.api("GET", "/proxies")).json == {}

    run(case)


@everywhere
def test_a_toxic_has_its_defaults_and_keeps_what_an_update_does_not_name(run: Run):
    async def case(bench: Bench) -> None:
        await bench.make_proxy()
        body = {"type": "latency", "attributes": {"latency": 100, "unknown": 1}}
        made = await bench.api("POST", f"{WEB}/toxics", body)
        latency = {
            "attributes": {"latency": 100, "jitter": 0},
            "name": "latency_downstream",
            "type": "latency",
            "stream": "downstream",
            "toxicity": 1,
        }
        assert (made.status, made.json) == (200, latency)
        path = f"{WEB}/toxics/latency_downstream"
        update = {"attributes": {"jitter": 7}, "toxicity": 0.5}
        assert (await bench.api("POST", path, update)).status == 200
        changed = await bench.api("PATCH", path, update)
        assert changed.json == latency | {"attributes": {"latency": 100, "jitter": 7}, "toxicity": 0.5}
        assert (await bench.api("GET", path)).json == changed.json
        assert (await bench.api("GET", f"{WEB}/toxics")).json == [changed.json]
        assert (await bench.api("DELETE", path)).status == 204
        assert (await bench.api("GET", f"{WEB}/toxics")).json == []

    run(case)


@everywhere
def test_populating_makes_what_is_new_and_leaves_what_is_as_it_should_be(run: Run):
    async def case(bench: Bench) -> None:
        await bench.make_proxy()
        await bench.add("latency")
        listen = f"{bench.listen[0]}:{bench.listen[1]}"
        web = {"name": "web", "listen": listen, "upstream": bench.upstream_address}
        off = {"name": "off", "upstream": "a:1", "enabled": False}
        made = await bench.api("POST", "/populate", [web, off])
        assert made.status == 201
        assert [(each["name"]) for each in made.json["proxies"]] == ["web", "off"]
        proxies = (await bench.api("GET", "/proxies")).json
        assert [len(proxies["web"]["toxics"]), proxies["off"]["enabled"]] == [1, False]

    run(case)


@everywhere
def test_populating_without_a_name_says_which(run: Run):
    async def case(bench: Bench) -> None:
        body = [{"name": "a", "upstream": "a:1", "enabled": False}, {"upstream": "a:1"}]
        refused = await bench.api("POST", "/populate", body)
        assert refused.status == 400
        assert refused.json["error"] == "missing required field: name at proxy 2"

    run(case)


@everywhere
def test_a_reset_enables_all_proxies_and_takes_all_toxics_off(run: Run):
    async def case(bench: Bench) -> None:
        await bench.make_proxy(enabled=False)
        await bench.add("latency", latency=1)
        await bench.add("timeout", stream="upstream")
        assert (await bench.api("POST", "/reset")).status == 204
        web = (await bench.api("GET", WEB)).json
        assert (web["enabled"], web["toxics"]) == (True, [])

    run(case)


@everywhere
def test_version_routes_methods_and_browsers(run: Run):
    async def case(bench: Bench) -> None:
        version = await bench.api("GET", "/version")
        assert version.headers["content-type"] == "application/json;charset=utf-8"
        assert version.json["version"].startswith("2.")
        assert (await bench.api("GET", "/nothing")).status == 404
        assert (await bench.api("GET", "/proxies/")).status == 404
        assert (await bench.api("DELETE", "/proxies")).status == 405
        browser = await bench.api("GET", "/version HTTP/1.1\r\nUser-Agent: Mozilla/5.0\r\nX-Rest:")
        assert (browser.status, browser.body) == (403, b"User agent not allowed\n")

    run(case)


@ours
@pytest.mark.parametrize(
    ("toxic", "text"),
    [
        ('{"type": "latency", "attributes": {"latency": -5}}', "latency is -5: give a whole number between 0"),
        ('{"type": "latency", "attributes": {"latency": NaN}}', "NaN is not JSON: give a finite number"),
        ('{"type": "latency", "attributes": {"latency": 1e999}}', "latency is inf: give a finite number"),
        ('{"type": "latency", "attributes": {"latency": ' + "9" * 400 + "}}", f"latency is {'9' * 36}…: give a"),
        ('{"type": "latency", "attributes": {"latency": 1e30}}', "latency is 1e+30: give a whole number"),
        ('{"type": "latency", "attributes": {"latency": 0.5}}', "latency is 0.5: give a whole number"),
        ('{"type": "latency", "attributes": {"latency": "1"}}', "latency is '1': give a number"),
        ('{"type": "latency", "attributes": {"latency": true}}', "latency is True: give a number"),
        ('{"type": "latency", "attributes": []}', "attributes is []: give an object"),
        ('{"type": "latency", "toxicity": 7}', "toxicity is 7: give a number between 0 and 1"),
        ('{"type": "latency", "toxicity": -Infinity}', "-Infinity is not JSON: give a finite number"),
        ('{"type": "packet_loss", "attributes": {"loss_rate": 2}}', "loss_rate is 2: give a number between 0"),
        ('{"type": "slicer"}', "average_size is 0: give 1 or more"),
        ('{"type": "slicer", "attributes": {"average_size": 5, "size_variation": 5}}', "size_variation is 5: give"),
        ('{"type": "drop_after"}', "bytes and time are 0: give one of them 1 or more"),
        ('{"type": "latency", "attributes": {"latency": ' + "9" * 5000 + "}}", ""),
        ('{"type": ' + "[" * 100_000, "nested too deeply"),
    ],
)  # fmt: skip
def test_values_out_of_range_are_refused_with_what_to_give_instead(run: Run, toxic, text):
    async def case(bench: Bench) -> None:
        await bench.make_proxy()
        status, told = error_of(await bench.api("POST", f"{WEB}/toxics", raw=toxic.encode()))
        assert (status, told[: 18 + len(text)]) == (400, f"bad request body: {text}")
        assert len(told) < 300
        assert (await bench.api("GET", f"{WEB}/toxics")).json == []

    run(case)


@pytest.mark.parametrize(
    ("sent", "seconds", "answer"),
    [
        pytest.param(b"", 15, b"", id="nothing"),
        pytest.param(b"POST /prox", 15, b"", id="half a line"),
        pytest.param(b"POST /proxies HTTP/1.1\r\nContent-Length: 9\r\n\r\n{", 15, b"", id="half a body"),
        pytest.param(b"GET /version HTTP/1.1\r\n\r\n", 60, b"HTTP/1.1 200 OK", id="one request and no more"),
    ],
)
def test_a_client_that_has_nothing_more_to_say_is_cut_off(sent, seconds, answer):
    async def case(bench: Bench) -> None:
        _, client = await asyncio.get_running_loop().create_connection(Peer, *bench.control)
        begun = bench.now
        client.send(sent)
        await client.ended()
        assert bench.took(client.end_at - begun, seconds)
        assert bytes(client.received[:15]) == answer

    simulated(case)


@ours
@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("listen", "nonsense"),
        ("listen", "a:99999"),
        ("listen", "a:-1"),
        ("listen", "a:b"),
        ("upstream", "host"),
        ("upstream", "http://host:1"),
        ("upstream", "a:" + "1" * 10_000),
    ],
)
def test_an_address_that_is_none_is_refused_with_its_form(run: Run, field, value):
    async def case(bench: Bench) -> None:
        body = {"name": "x", "upstream": "a:1", "enabled": False, field: value}
        status, told = error_of(await bench.api("POST", "/proxies", body))
        assert status == 400
        assert told.startswith(f"bad request body: {field} is ")
        assert told.endswith("write it like 127.0.0.1:8080")

    run(case)


@ours
@pytest.mark.parametrize(
    "name", ["a/b", "web/toxics", "ünï ©ode", "..", "%2F", "?", "a\nb", "\ud800", "x" * 5000]
)
def test_whatever_its_name_a_proxy_can_be_addressed(run: Run, name):
    async def case(bench: Bench) -> None:
        made = await bench.api("POST", "/proxies", {"name": name, "upstream": "a:1", "enabled": False})
        assert made.status == 201
        path = f"/proxies/{quote(made.json['name'], safe='')}"
        assert (await bench.api("GET", path)).json["name"] == made.json["name"]
        toxic = await bench.api("POST", f"{path}/toxics", {"type": "latency", "name": made.json["name"]})
        assert toxic.status == 200
        assert (
            await bench.api("DELETE", f"{path}/toxics/{quote(toxic.json['name'], safe='')}")
        ).status == 204
        assert (await bench.api("DELETE", path)).status == 204

    run(case)
