"""Assets and their events, questions to humans, stores, and connection tests."""

from __future__ import annotations

from typing import Any

from harness.conformance.case import (
    DAY,
    NEXT_DAY,
    NOTHING,
    UNKNOWN,
    WORKLOAD,
    Call,
    Case,
    Run,
    Seed,
    SeededAsset,
    Task,
    Token,
)
from harness.conformance.tables.operations import ASKED
from harness.conformance.tables.words import call, get, on, run, state

ASSETS = Seed(
    tasks=(Task(outlets=("o", "gone")), Task(name="b", inlets=("gone",)), Task(name="plain")),
    runs=(Run(consumed=("o",)),),
    assets=(SeededAsset(name="o", alias="al"), SeededAsset(name="gone", active=False, alias="old")),
)
BY = "/asset-events/by-asset"
EVENT = {"dest_asset_key": {"name": "{dag}-o", "uri": "s3://{dag}/o"}, "extra": {"e": 1}}
STORED: tuple[Any, ...] = (1, "text", True, 1.5, [1, None], {"a": {}}, None, NOTHING)


def _test(
    method: str, path: str, body: Any = NOTHING, *, sub: str = "{test}", scope: str = "workload"
) -> Call:
    return call(method, f"/connection-tests/{path}", body, token=Token(sub=sub, scope=scope))


def _ask(method: str, body: Any = NOTHING) -> Call:
    return call(method, "/hitlDetails/{a}", body)


def _answer(**more: Any) -> Call:
    return _ask("PATCH", {"ti_id": "{a}", "chosen_options": ["yes"]} | more)


CASES: tuple[Case, ...] = (
    Case(
        name="assets",
        seed=ASSETS,
        steps=(
            *(get(f"/assets/by-name?name={name}") for name in ("{dag}-o", "{dag}-gone", "none", "")),
            *(get(f"/assets/by-uri?uri={uri}") for uri in ("s3://{dag}/o", "s3://{dag}/gone", "none", "s3%3A%2F%2F{dag}%2Fo")),
            *(get(f"/assets/by-alias?alias_name={name}") for name in ("{dag}-al", "{dag}-old", "none")),
            get("/assets/by-name"),
            get("/assets/by-uri"),
            get("/assets/by-alias"),
            *(get(f"{BY}?{query}") for query in (
                "name={dag}-o&uri=", "name=&uri=s3://{dag}/o", "name={dag}-o&uri=s3://{dag}/o", "name={dag}-o&uri=other",
                "name=&uri=", "name={dag}-o", "uri=s3://{dag}/o", "", "name=none&uri=", "name={dag}-o&uri=&ascending=false",
                "name={dag}-o&uri=&limit=0", "name={dag}-o&uri=&limit=1", "name={dag}-o&uri=&limit=x", "name={dag}-o&uri=&limit=-1",
                f"name={{dag}}-o&uri=&after={DAY}", f"name={{dag}}-o&uri=&after={NEXT_DAY}", f"name={{dag}}-o&uri=&before={DAY}",
                "name={dag}-o&uri=&before=2019-01-01T00:00:00Z", "name={dag}-o&uri=&after=x", "name={dag}-o&uri=&ascending=x",
                "name={dag}-gone&uri=", "name={dag}-gone&uri=s3://{dag}/gone",
            )),
            get("/asset-events/by-asset-alias?name={dag}-al"),
            get("/asset-events/by-asset-alias?name=none"),
            get("/asset-events/by-asset-alias"),
            run(),
            *(on(task, "GET", "validate-inlets-and-outlets") for task in ("a", "b", "plain")),
        ),
    ),
    *(
        Case(
            name=f"outlets {at}",
            seed=ASSETS,
            steps=(
                run(),
                state("success", task_outlets=outlets, outlet_events=events),
                get(f"{BY}?name={{dag}}-o&uri="),
                get("/asset-events/by-asset-alias?name={dag}-al"),
            ),
        )
        for at, (outlets, events) in enumerate(
            (
                ([{"name": "{dag}-o", "uri": "s3://{dag}/o", "type": "Asset"}], []),
                ([{"name": "{dag}-o", "uri": "s3://{dag}/o", "type": "Asset"}], [EVENT]),
                ([{"name": "{dag}-o", "uri": "s3://{dag}/o", "type": "Asset"}], [EVENT, EVENT]),
                ([{"name": "{dag}-o", "type": "AssetNameRef"}], []),
                ([{"uri": "s3://{dag}/o", "type": "AssetUriRef"}], []),
                ([{"name": "none", "uri": "none", "type": "Asset"}], []),
                ([{"name": "{dag}-gone", "uri": "s3://{dag}/gone", "type": "Asset"}], []),
                ([{"name": "{dag}-al", "type": "AssetAlias"}], []),
                ([{"name": "{dag}-al", "type": "AssetAlias"}], [{"source_alias_name": "{dag}-al"} | EVENT]),
                ([{"type": "Asset"}], []),
                ([{"name": "{dag}-o"}], []),
                ([{"name": "{dag}-o", "uri": "s3://{dag}/o", "type": "Bogus"}], []),
                ([], [EVENT]),
                ([{"name": "{dag}-o", "uri": "s3://{dag}/o", "type": "Asset"}], [EVENT | {"partition_keys": {"p": {}}}]),
            )
        )
    ),
    Case(
        name="an alias makes an asset",
        seed=ASSETS,
        steps=(
            run(),
            state("success", task_outlets=[{"name": "{dag}-al", "type": "AssetAlias"}], outlet_events=[
                {"source_alias_name": "{dag}-al", "extra": {},
                 "dest_asset_key": {"name": "{dag}-new", "uri": "s3://{dag}/new"}},
            ]),
            get("/assets/by-name?name={dag}-new"),
            get(f"{BY}?name={{dag}}-new&uri="),
        ),
    ),
    Case(
        name="question",
        steps=(
            _ask("GET"), _answer(), _ask("POST", ASKED), _ask("GET"), _ask("POST", ASKED | {"subject": "Again?"}),
            _answer(chosen_options=["maybe"]), _ask("GET"), _answer(), _answer(), _ask("GET"), _ask("POST", ASKED),
        ),
    ),
    Case(
        name="question with all",
        steps=(
            _ask("POST", ASKED | {"body": "b", "defaults": ["no"], "multiple": True, "params": {"p": {"value": 1}},
                                  "assigned_users": [{"id": "1", "name": "u"}]}),
            _answer(chosen_options=["yes", "no"], params_input={"p": 2}),
            _ask("GET"),
        ),
    ),
    *(
        Case(name=f"bad question {at}", steps=(_ask("POST", body), _ask("PATCH", body), _ask("GET")))
        for at, body in enumerate(
            (
                ASKED | {"options": []}, ASKED | {"options": "yes"}, ASKED | {"assigned_users": None}, ASKED | {"ti_id": "x"},
                ASKED | {"ti_id": UNKNOWN}, {"ti_id": "{a}"}, {}, [], ASKED | {"defaults": ["maybe"]}, ASKED | {"unknown": 1},
                ASKED | {"subject": None}, ASKED | {"multiple": "no"}, {"ti_id": "{a}", "chosen_options": []},
                ASKED | {"assigned_users": [{"id": "1"}]}, ASKED | {"options": ["yes", "yes"]},
            )
        )
    ),
    Case(
        name="question of nobody",
        steps=tuple(
            call(method, f"/hitlDetails/{UNKNOWN}", body, token=Token(sub=UNKNOWN))
            for method, body in (("GET", NOTHING), ("PATCH", {"ti_id": UNKNOWN, "chosen_options": ["x"]}))
        ),
    ),
    Case(
        name="asked and parked",
        steps=(run(), _ask("POST", ASKED), state("awaiting_input", end_date=..., next_method="go"), _answer(), _ask("GET")),
    ),
    Case(
        name="answered and parked",
        steps=(run(), _ask("POST", ASKED), _answer(), state("awaiting_input", end_date=..., next_method="go"), _ask("GET")),
    ),
    Case(
        name="task store",
        steps=(
            get("/store/ti/{a}/k"),
            *(call("PUT", "/store/ti/{a}/k", {} if value is NOTHING else {"value": value}) for value in STORED),
            get("/store/ti/{a}/k"),
            call("PUT", "/store/ti/{a}/a/b", {"value": 1, "expires_at": NEXT_DAY}),
            call("PUT", "/store/ti/{a}/naive", {"value": 1, "expires_at": "2020-01-01T00:00:00"}),
            call("PUT", "/store/ti/{a}/bad", {"value": 1, "expires_at": "soon"}),
            call("PUT", "/store/ti/{a}/extra", {"value": 1, "more": 1}),
            get("/store/ti/{a}/a/b"),
            get("/store/ti/{a}/a%2Fb"),
            call("DELETE", "/store/ti/{a}/k"),
            call("DELETE", "/store/ti/{a}/k"),
            call("PUT", "/store/ti/{a}", {"value": 1}),
            get("/store/ti/{a}"),
            get("/store/ti/{a}/"),
            call("PUT", "/store/ti/{a}/left", {"value": 1}),
            get(f"/store/ti/{UNKNOWN}/k", token=Token(sub=UNKNOWN)),
            call("PUT", f"/store/ti/{UNKNOWN}/k", {"value": 1}, token=Token(sub=UNKNOWN)),
            call("DELETE", f"/store/ti/{UNKNOWN}/k", token=Token(sub=UNKNOWN)),
            call("DELETE", f"/store/ti/{UNKNOWN}", token=Token(sub=UNKNOWN)),
        ),
    ),
    Case(name="task store emptied", steps=(
        call("PUT", "/store/ti/{a}/k", {"value": 1}), call("DELETE", "/store/ti/{a}"), get("/store/ti/{a}/k"),
        call("PUT", "/store/ti/{a}/k", {"value": 2}),
    )),
    Case(name="task store of a success", steps=(
        run(), call("PUT", "/store/ti/{a}/k", {"value": 1}), state("success"), get("/store/ti/{a}/k"),
    )),
    Case(name="task store over tries", seed=Seed(tasks=(Task(retries=1),)), steps=(
        run(), call("PUT", "/store/ti/{a}/k", {"value": 1}), state("up_for_retry"), get("/store/ti/{a}/k"),
    )),
    *(
        Case(
            name=f"asset store {by}",
            seed=ASSETS,
            steps=(
                get(f"/store/asset/{by}/value?{own}&key=k"),
                *(call("PUT", f"/store/asset/{by}/value?{own}&key=k", {} if value is NOTHING else {"value": value})
                  for value in STORED),
                get(f"/store/asset/{by}/value?{own}&key=k"),
                *(call(method, f"/store/asset/{by}/value?{query}", {"value": 1} if method == "PUT" else NOTHING)
                  for method in ("GET", "PUT", "DELETE")
                  for query in (f"{other}&key=k", f"{gone}&key=k", own, f"{own}&key=", "key=k", "")),
                call("PUT", f"/store/asset/{by}/value?{own}&key=k2", {"value": 2}, token=Token(sub=UNKNOWN)),
                call("DELETE", f"/store/asset/{by}/value?{own}&key=k"),
                call("DELETE", f"/store/asset/{by}/clear?{other}"),
                call("DELETE", f"/store/asset/{by}/clear"),
                call("PUT", f"/store/asset/{by}/value?{own}&key=k3", {"value": 3, "expires_at": None}),
            ),
        )
        for by, own, other, gone in (
            ("by-name", "name={dag}-o", "name=none", "name={dag}-gone"),
            ("by-uri", "uri=s3://{dag}/o", "uri=none", "uri=s3://{dag}/gone"),
        )
    ),
    Case(name="asset store emptied", seed=ASSETS, steps=(
        call("PUT", "/store/asset/by-name/value?name={dag}-o&key=k", {"value": 1}),
        call("DELETE", "/store/asset/by-uri/clear?uri=s3://{dag}/o"),
        get("/store/asset/by-name/value?name={dag}-o&key=k"),
    )),
    Case(name="connection test", seed=Seed(connection_test=True), steps=(
        _test("PATCH", "{test}", {"state": "running"}),
        _test("PATCH", "{test}", {"state": "success", "result_message": "x" * 2001}),
        _test("PATCH", "{test}", {}),
        _test("GET", "{test}/connection", scope="execution"),
        _test("GET", "{test}/connection", sub="{a}"),
        _test("GET", f"{UNKNOWN}/connection", sub=UNKNOWN),
        _test("GET", "{test}/connection"),
        _test("GET", "{test}/connection"),
        _test("PATCH", f"{UNKNOWN}", {"state": "failed"}, sub=UNKNOWN),
        _test("PATCH", "{test}", {"state": "success", "result_message": "x" * 2000}),
        _test("PATCH", "{test}", {"state": "failed"}),
        get("/connections/{dag}-tested"),
    )),
    Case(name="connection test that fails", seed=Seed(connection_test=True), steps=(
        _test("PATCH", "{test}", {"state": "failed", "result_message": None, "more": 1}),
        _test("PATCH", "{test}", {"state": "failed"}),
        _test("GET", "{test}/connection"),
        get("/connections/{dag}-tested"),
        get("/connections/{dag}-tested", token=WORKLOAD),
    )),
)  # fmt: skip
