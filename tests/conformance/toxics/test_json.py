"""What Toxiproxy's API takes and gives as JSON, to the letter: names, numbers, order. The same on all three arms."""

from __future__ import annotations

import pytest

from tests.conformance.toxics.arms import ALL, Run
from tests.conformance.toxics.bench import Answer, Bench, error_of

pytestmark = pytest.mark.parametrize("run", ALL)
WEB = "/proxies/web"
TOXICS = f"{WEB}/toxics"
LATENCY = f"{TOXICS}/latency_downstream"
OFF = b'"upstream":"a:1","listen":"127.0.0.1:1","enabled":false'


def _written(answer: Answer) -> bytes:
    """The body but for what our server leaves out."""
    return answer.body.replace(b',"Logger":{}', b"")


def test_a_proxy_is_written_in_one_order_and_without_blanks(run: Run):
    async def case(bench: Bench) -> None:
        await bench.make_proxy()
        listen, upstream = f"{bench.listen[0]}:{bench.listen[1]}", bench.upstream_address
        text = f'{{"name":"web","listen":"{listen}","upstream":"{upstream}","enabled":true,"toxics":[]}}'
        assert _written(await bench.api("GET", WEB)) == text.encode()
        assert _written(await bench.api("GET", "/proxies")) == f'{{"web":{text}}}'.encode()

    run(case)


@pytest.mark.parametrize(
    ("type", "attributes"),
    [
        ("noop", b"{}"),
        ("latency", b'{"latency":0,"jitter":0}'),
        ("bandwidth", b'{"rate":0}'),
        ("slow_close", b'{"delay":0}'),
        ("timeout", b'{"timeout":0}'),
        ("reset_peer", b'{"timeout":0}'),
        ("limit_data", b'{"bytes":0}'),
        ("slicer", b'{"average_size":1,"size_variation":0,"delay":0}'),
    ],
)
def test_a_toxic_is_written_in_one_order_with_all_its_attributes(run: Run, type, attributes):
    async def case(bench: Bench) -> None:
        await bench.make_proxy()
        made = await bench.api("POST", TOXICS, {"type": type, "attributes": {"average_size": 1}})
        wrapped = f'"name":"{type}_downstream","type":"{type}","stream":"downstream","toxicity":1'
        text = b'{"attributes":' + attributes + b"," + wrapped.encode() + b"}"
        assert made.body == text
        assert (await bench.api("GET", TOXICS)).body == b"[" + text + b"]"

    run(case)


def test_toxics_are_listed_upstream_first_and_then_as_they_were_added(run: Run):
    async def case(bench: Bench) -> None:
        await bench.make_proxy()
        for name, stream in (("z", "downstream"), ("a", "downstream"), ("m", "upstream")):
            await bench.add("latency", name=name, stream=stream)
        assert [each["name"] for each in (await bench.api("GET", TOXICS)).json] == ["m", "z", "a"]

    run(case)


@pytest.mark.parametrize(
    ("given", "written"),
    [
        pytest.param(b"<a href='x'>&", b"\\u003ca href='x'\\u003e\\u0026", id="what HTML would understand"),
        pytest.param("\u2028\u2029".encode(), b"\\u2028\\u2029", id="what JavaScript would"),
        pytest.param(b"\\u00fcn\\u00ef \\ud83d\\ude00", "ünï 😀".encode(), id="escaped characters"),
        pytest.param(b"a\xffb", "a\ufffdb".encode(), id="a byte that is no UTF-8"),
        pytest.param(b"a\\ud800b", "a\ufffdb".encode(), id="half a character"),
        pytest.param(
            b'\\u0001\\t\\n\\r\\"\\\\\\/\x7f', b'\\u0001\\t\\n\\r\\"\\\\/\x7f', id="control characters"
        ),
    ],
)
def test_characters_of_a_name_come_back_as_go_writes_them(run: Run, given, written):
    async def case(bench: Bench) -> None:
        made = await bench.api("POST", "/proxies", raw=b'{"name":"' + given + b'",' + OFF + b"}")
        assert made.status == 201
        assert made.body.startswith(b'{"name":"' + written + b'","listen":')

    run(case)


@pytest.mark.parametrize(
    "body",
    [
        pytest.param(b'{"name":"new",%s} and more', id="what comes after the first value is not read"),
        pytest.param(b'{"NAME":"new",%s}', id="a field in any case"),
        pytest.param(b'{"name":"old","name":"new",%s}', id="the last of two fields counts"),
        pytest.param(b' \t\r\n{ "name" : "new" , %s }', id="blanks"),
        pytest.param(
            b'{"name":"new","toxics":[{"type":"latency"}],"x":{},%s}', id="fields that nobody knows"
        ),
    ],
)
def test_bodies_are_read_as_go_reads_them(run: Run, body):
    async def case(bench: Bench) -> None:
        made = await bench.api("POST", "/proxies", raw=body % OFF)
        assert (made.status, made.json["name"], made.json["toxics"]) == (201, "new", [])

    run(case)


def test_null_leaves_everything_as_it_is(run: Run):
    async def case(bench: Bench) -> None:
        await bench.make_proxy()
        nothing = dict.fromkeys(("name", "listen", "upstream", "enabled"))
        before = (await bench.api("GET", WEB)).json
        assert (await bench.api("PATCH", WEB, nothing)).json == before
        assert (await bench.api("PATCH", WEB, raw=b"null")).json == before
        made = await bench.api(
            "POST", TOXICS, {"type": "latency"} | dict.fromkeys(("name", "stream", "toxicity"))
        )
        assert made.json["name"] == "latency_downstream"
        await bench.change("latency_downstream", latency=5)
        for update in ({"attributes": {"latency": None}}, {"attributes": None, "toxicity": None}, None):
            changed = await bench.api("PATCH", LATENCY, raw=b"null") if update is None else None
            changed = changed or await bench.api("PATCH", LATENCY, update)
            assert (changed.status, changed.json["attributes"]["latency"]) == (200, 5)

    run(case)


def test_an_update_changes_attributes_and_toxicity_and_nothing_else(run: Run):
    async def case(bench: Bench) -> None:
        await bench.make_proxy()
        await bench.add("latency")
        update = {
            "name": "x",
            "type": "timeout",
            "stream": "upstream",
            "attributes": {"LATENCY": 9, "timeout": 1},
        }
        changed = (await bench.api("PATCH", LATENCY, update)).json
        assert changed["attributes"] == {"latency": 9, "jitter": 0}
        assert (changed["name"], changed["type"], changed["stream"]) == (
            "latency_downstream",
            "latency",
            "downstream",
        )
        assert (await bench.api("PATCH", LATENCY, {"name": 1, "type": 2, "stream": 3})).status == 200
        assert (await bench.api("PATCH", WEB, {"name": "other"})).json["name"] == "web"

    run(case)


@pytest.mark.parametrize(
    "value",
    [b"1.0", b"1e2", b"0.5", b'"5"', b"true", b"[]", b"{}", b"9223372036854775808", b"-9223372036854775809"],
)
def test_an_attribute_is_a_whole_number_written_as_one(run: Run, value):
    async def case(bench: Bench) -> None:
        await bench.make_proxy()
        await bench.add("latency")
        made = await bench.api(
            "POST", TOXICS, raw=b'{"type":"latency","name":"x","attributes":{"latency":%s}}' % value
        )
        changed = await bench.api("PATCH", LATENCY, raw=b'{"attributes":{"latency":%s}}' % value)
        for answer in (made, changed):
            status, text = error_of(answer)
            assert (status, text[:18]) == (400, "bad request body: ")
        assert [each["name"] for each in (await bench.api("GET", TOXICS)).json] == ["latency_downstream"]

    run(case)


def test_the_greatest_attribute_has_sixty_three_bits(run: Run):
    async def case(bench: Bench) -> None:
        await bench.make_proxy()
        made = await bench.api("POST", TOXICS, {"type": "limit_data", "attributes": {"bytes": 2**63 - 1}})
        assert made.json["attributes"]["bytes"] == 2**63 - 1

    run(case)


@pytest.mark.parametrize(
    ("body", "status", "text"),
    [
        pytest.param({"type": "none", "attributes": 5}, 400, "bad request body: ", id="types come first"),
        pytest.param({"type": "none", "toxicity": "x"}, 400, "bad request body: ", id="toxicity's too"),
        pytest.param({"type": "none", "stream": "x"}, 400, "stream was invalid", id="then the stream"),
        pytest.param(
            {"type": "none", "name": "known"}, 400, "invalid toxic type", id="then the type of toxic"
        ),
        pytest.param(
            {"type": "latency", "name": "known", "stream": "upstream", "attributes": {"latency": "x"}},
            409,
            "toxic already exists",
            id="then the name, which is one for both streams, and attributes at last",
        ),
    ],
)
def test_of_several_mistakes_one_is_told(run: Run, body, status, text):
    async def case(bench: Bench) -> None:
        await bench.make_proxy()
        await bench.add("latency", name="known")
        told = error_of(await bench.api("POST", TOXICS, body))
        assert (told[0], told[1][: len(text)]) == (status, text)

    run(case)


@pytest.mark.parametrize(
    ("body", "status", "error"),
    [
        (b"null", 201, None),
        (b"[]", 201, None),
        (b"[null]", 400, "missing required field: name at proxy 1"),
        (b'[{"name":"a"}]', 400, "missing required field: upstream at proxy 1"),
        (b'[{"name":"a","upstream":""}]', 400, "missing required field: upstream at proxy 1"),
        (b"", 400, "bad request body: EOF"),
    ],
)
def test_what_populating_says_of_little(run: Run, body, status, error):
    async def case(bench: Bench) -> None:
        answer = await bench.api("POST", "/populate", raw=body)
        told = {"error": error, "status": status} if error else {}
        assert (answer.status, answer.json) == (status, {**told, "proxies": None})
        assert answer.headers["content-type"] == "application/json"

    run(case)


def test_populating_tells_an_address_in_use_and_what_was_made_before(run: Run):
    async def case(bench: Bench) -> None:
        await bench.make_proxy()
        taken = f"{bench.listen[0]}:{bench.listen[1]}"
        first = {"name": "first", "upstream": "a:1", "enabled": False, "toxics": [{"type": "latency"}]}
        documents = [
            first,
            {"name": "second", "upstream": "a:1", "listen": taken},
            {"name": "third", "upstream": "a:1"},
        ]
        answer = await bench.api("POST", "/populate", documents)
        assert answer.status == answer.json["status"] == 500
        assert answer.json["error"] == f"listen tcp {taken}: bind: address already in use"
        assert [(each["name"], each["toxics"]) for each in answer.json["proxies"]] == [("first", [])]
        assert list((await bench.api("GET", "/proxies")).json) == ["first", "web"]

    run(case)
