"""Toxiproxy's API as HTTP: routes, headers, and the ways in which clients ask. The same on all three arms."""

from __future__ import annotations

import pytest

from tests.conformance.toxics.arms import ALL, Run
from tests.conformance.toxics.bench import Bench

pytestmark = pytest.mark.parametrize("run", ALL)
VERSION = b"/version HTTP/1.1\r\nHost: x\r\n"
LAST = b"Connection: close\r\n\r\n"


@pytest.mark.parametrize(
    "sent",
    [
        pytest.param(b"GET " + VERSION + LAST, id="as usual"),
        pytest.param(b"GET /version HTTP/1.0\r\n\r\n", id="HTTP/1.0"),
        pytest.param(
            b"GET http://x/version HTTP/1.1\r\nHost: x\r\n" + LAST, id="the whole URL, as to a proxy"
        ),
        pytest.param(b"GET /version?x=//%2F HTTP/1.1\r\nHost: x\r\n" + LAST, id="with a query"),
        pytest.param(
            b"GET " + VERSION + b"Accept-Encoding: gzip\r\n" + LAST, id="who could unpack gets it plain"
        ),
        pytest.param(
            b"GET "
            + VERSION
            + b"Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AA\r\n\r\n",
            id="another protocol, as Java's HttpClient asks",
        ),
    ],
)
def test_clients_may_ask_like_this(run: Run, sent):
    async def case(bench: Bench) -> None:
        (answer,) = await bench.exchange(sent)
        assert (answer.status, list(answer.json)) == (200, ["version"])

    run(case)


@pytest.mark.parametrize(
    "body",
    [
        pytest.param(b"Content-Length: 2\r\n" + LAST + b"{}", id="with its length"),
        pytest.param(
            b"Transfer-Encoding: chunked\r\n" + LAST + b"1\r\n{\r\n1\r\n}\r\n0\r\n\r\n", id="in chunks"
        ),
        pytest.param(
            b"Content-Type: text/plain\r\nContent-Length: 2\r\n" + LAST + b"{}", id="of whatever type"
        ),
    ],
)
def test_a_body_may_come_like_this(run: Run, body):
    async def case(bench: Bench) -> None:
        (answer,) = await bench.exchange(b"POST /proxies HTTP/1.1\r\nHost: x\r\n" + body)
        assert (answer.status, answer.json["error"]) == (400, "missing required field: name")

    run(case)


def test_requests_on_one_connection_are_answered_in_order(run: Run):
    async def case(bench: Bench) -> None:
        upgrade = b"Connection: Upgrade\r\nUpgrade: h2c\r\n"
        sent = b"GET " + VERSION + b"Content-Length: 3\r\n\r\nabc" + b"GET " + VERSION + upgrade + b"\r\n"
        sent += b"POST /reset HTTP/1.1\r\nHost: x\r\n\r\nGET /nothing HTTP/1.1\r\nHost: x\r\n" + LAST
        answers = await bench.exchange(sent, answers=5)
        assert [answer.status for answer in answers] == [200, 200, 204, 404]

    run(case)


def test_a_thousand_requests_for_another_protocol_may_come_at_once(run: Run):
    async def case(bench: Bench) -> None:
        each = b"GET " + VERSION + b"Connection: Upgrade\r\nUpgrade: h2c\r\n\r\n"
        answers = await bench.exchange(each * 1000, answers=1000)
        assert [answer.status for answer in answers] == [200] * 1000

    run(case)


@pytest.mark.parametrize(
    "sent",
    [
        b"hello there\r\n\r\n",
        b"G@T " + VERSION + b"\r\n",
        b"GET " + VERSION + b"bad header\r\n\r\n",
        b"GET /proxies/a b HTTP/1.1\r\nHost: x\r\n\r\n",
        b"GET /proxies/%zz HTTP/1.1\r\nHost: x\r\n" + LAST,
        b"POST " + VERSION + b"Content-Length: abc\r\n\r\n{}",
        b"POST " + VERSION + b"Content-Length: -1\r\n\r\n{}",
        b"POST " + VERSION + b"Content-Length: 2\r\nContent-Length: 3\r\n\r\n{}x",
    ],
)
def test_what_is_no_http_is_a_bad_request_and_the_end(run: Run, sent):
    async def case(bench: Bench) -> None:
        (answer,) = await bench.exchange(sent, answers=2)
        assert (answer.status, answer.body) == (400, b"400 Bad Request")

    run(case)


@pytest.mark.parametrize(
    ("path", "to"),
    [
        ("//version", "/version"),
        ("/proxies//web///toxics", "/proxies/web/toxics"),
        ("//version?a=//b", "/version?a=//b"),
    ],
)
def test_slashes_too_many_lead_to_the_path_without_them(run: Run, path, to):
    async def case(bench: Bench) -> None:
        answer = await bench.api("GET", path)
        assert (answer.status, answer.headers["location"], answer.body) == (301, to, b"")

    run(case)


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("HEAD", "/version"),
        ("POST", "/version"),
        ("GET", "/reset"),
        ("GET", "/populate"),
        ("PATCH", "/proxies"),
        ("PUT", "/proxies/web"),
        ("OPTIONS", "/proxies/web"),
        ("DELETE", "/proxies/web/toxics"),
        ("PUT", "/proxies/web/toxics/x"),
    ],
)
def test_another_method_is_refused_without_a_word_whoever_asks(run: Run, method, path):
    async def case(bench: Bench) -> None:
        await bench.make_proxy()
        browser = f"{path} HTTP/1.1\r\nUser-Agent: Mozilla/5.0\r\nX-Rest:"
        for each in (path, browser):
            answer = await bench.api(method, each)
            assert (answer.status, answer.body) == (405, b"")
            assert not {"content-type", "x-toxiproxy-request-id"} & set(answer.headers)

    run(case)


@pytest.mark.parametrize(
    "path", ["/", "/nothing", "/PROXIES", "/proxies/web/", "/reset/", "/proxies/web/toxics/"]
)
def test_another_path_is_not_found(run: Run, path):
    async def case(bench: Bench) -> None:
        await bench.make_proxy()
        answer = await bench.api("POST", path)
        assert (answer.status, answer.body) == (404, b"404 page not found\n")
        assert "x-toxiproxy-request-id" not in answer.headers

    run(case)


def test_every_answer_has_a_date_and_those_of_the_api_a_number_of_their_own(run: Run):
    async def case(bench: Bench) -> None:
        await bench.make_proxy()
        calls = [("GET", "/version"), ("GET", "/proxies"), ("GET", "/proxies/none"), ("POST", "/reset")]
        answers = [await bench.api(*call) for call in calls]
        assert len({answer.headers["x-toxiproxy-request-id"] for answer in answers}) == len(calls)
        answers.append(await bench.api("GET", "/nothing"))
        assert all(answer.headers["date"].endswith(" GMT") for answer in answers)
        deleted = await bench.api("DELETE", "/proxies/web")
        assert deleted.status == 204
        assert not {"content-type", "content-length"} & set(deleted.headers)

    run(case)


def test_metrics_count_the_bytes_of_a_connection_that_is_over(run: Run):
    async def case(bench: Bench) -> None:
        await bench.make_proxy('a"b\\c')
        client, server = await bench.connected()
        await bench.round_trip(client)
        client.close()
        await server.ended()
        where = f'listener="{bench.listen[0]}:{bench.listen[1]}",proxy="a\\"b\\\\c",upstream="{bench.upstream_address}"'
        counted = [
            f'toxiproxy_proxy_{what}_bytes_total{{direction="{stream}",{where}}} 4'
            for what in ("received", "sent")
            for stream in ("downstream", "upstream")
        ]
        text = ""
        for _ in range(1000):  # the other stream ends a moment later
            answer = await bench.api("GET", "/metrics")
            assert answer.headers["content-type"].startswith("text/plain; version=0.0.4; charset=utf-8")
            text = answer.body.decode()
            if [line for line in text.splitlines() if line.startswith("toxiproxy_")] == counted:
                break
        assert [line for line in text.splitlines() if line.startswith("toxiproxy_")] == counted
        assert "# TYPE toxiproxy_proxy_sent_bytes_total counter" in text

    run(case)
