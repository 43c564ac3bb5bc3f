"""Where the answer is the database's: slices that ask for fewer rows than none, numbers and texts too big for a column."""

from __future__ import annotations

from typing import Any

from harness.conformance.case import Act, Case, Run, Seed, Task, Token, XCom
from harness.conformance.tables.words import beat, call, get, on, run, state

X = "/xcoms/{dag}/r/m"
HUGE = 99999999999999999999
BOUNDS = (None, -9, -4, -2, -1, 0, 1, 2, 3, 5)
#: Runs whose names and dates are sorted differently, so that an order tells what it was made by.
MAPPED = Seed(
    tasks=(Task(), Task(name="m", mapped=4)),
    runs=(
        Run(),
        Run(name="z", logical_date="2019-11-01T00:00:00Z", state="success"),
        Run(name="b", logical_date="2019-12-01T00:00:00Z", state="success"),
    ),
    xcoms=(
        *(XCom(task="m", map_index=index, value=value) for index, value in enumerate([10, None, 30, 40])),
        *(XCom(task="m", map_index=index, run="b", value=value) for index, value in enumerate([1, 2, 3])),
        *(XCom(task="m", map_index=index, run="z", value=value) for index, value in enumerate([5, 6])),
    ),
)
#: Every text of a state report that has a column of its own, one character too long for it.
TOO_LONG: tuple[tuple[str, dict[str, Any]], ...] = (
    ("up_for_retry", {"rendered_map_index": "x" * 251}),
    ("success", {"rendered_map_index": "x" * 251}),
    ("deferred", {"classpath": "x" * 1001, "next_method": "n", "end_date": ...}),
    ("deferred", {"classpath": "x", "next_method": "n" * 1001, "end_date": ...}),
    ("deferred", {"classpath": "x", "next_method": "n", "queue": "q" * 257, "end_date": ...}),
    ("awaiting_input", {"next_method": "n" * 1001, "end_date": ...}),
)
ENDLESS: tuple[tuple[str, dict[str, Any]], ...] = (
    ("deferred", {"classpath": "x", "next_method": "n", "trigger_timeout": "P99999999D", "end_date": ...}),
    ("awaiting_input", {"next_method": "n", "timeout": 1e12, "end_date": ...}),
)
NAMES = {"Aa": "1", "aB": "2", "a_b": "3", "a%b": "4", "é": "5", "É": "6"}


def _query(**asked: int | None) -> str:
    return "&".join(f"{name}={value}" for name, value in asked.items() if value is not None)


CASES: tuple[Case, ...] = (
    *(
        Case(name=f"slices of step {step}", seed=MAPPED, steps=tuple(
            get(f"{X}/k/slice?{_query(start=start, stop=stop, step=step)}")
            for start in BOUNDS for stop in BOUNDS
        ))
        for step in (None, -2, -1, 0, 2)
    ),
    Case(name="xcoms of earlier runs", seed=MAPPED, steps=tuple(
        get(f"{X}/{key}?include_prior_dates=true{asked}")
        for key in ("k", "k/slice")
        for asked in (
            "", "&map_index=1", "&map_index=3", "&map_index=5", "&offset=0", "&offset=1", "&offset=5", "&offset=8",
            "&offset=-1", "&offset=-9", "&offset=99", "&start=1", "&start=-2&stop=1", "&stop=-1", "&step=-1",
            "&start=2&stop=0&step=-1", f"&stop={HUGE}",
        )
    )),
    Case(name="huge numbers in queries", seed=MAPPED, steps=(
        *(get(f"{X}/{asked}") for asked in (
            f"k?map_index={2**31}", f"k?map_index={2**63}", f"k?offset={HUGE}", f"k?offset=-{HUGE}", f"k/item/{HUGE}",
            f"k/item/-{HUGE}", f"k/item/{2**63 - 1}", f"k/slice?start={2**63 - 1}", f"k/slice?start={HUGE}",
            f"k/slice?stop={HUGE}", f"k/slice?start=1&stop=-{HUGE}",
        )),
        call("DELETE", f"{X}/k?map_index={2**63}"),
        get(f"/variables/keys?prefix={{dag}}&offset={HUGE}"),
        get(f"/variables/keys?prefix={{dag}}&offset={2**63 - 1}"),
        get(f"/asset-events/by-asset?name={{dag}}-none&uri=s3://{{dag}}&limit={HUGE}"),
        get("/asset-events/by-asset?name={dag}-none&uri=s3://{dag}&limit=-1"),
        get("/asset-events/by-asset-alias?name={dag}-none&limit=-1"),
        get("/asset-events/by-asset-alias?name={dag}-none&limit=0"),
        run(),
        on("a", "PATCH", "skip-downstream", {"tasks": [["m", 2**70]]}),
    )),
    Case(name="prefixes in either case", seed=Seed(variables=NAMES), steps=(
        *(get(f"/variables/keys?prefix={{dag}}-{prefix}") for prefix in (
            "", "a", "A", "aA", "a_", "A%25", "%C3%A9", "%C3%89", "AB", "%5C",
        )),
        get("/variables/keys?prefix=C.PREFIXES"),
        get("/variables/keys?prefix={dag}-%00"),
    )),
    Case(name="line ends in paths", steps=(
        *(
            call(method, path, **({"body": {"val": "v"}} if method == "PUT" else {}))
            for path in ("/variables/{dag}-%0A", "/variables/{dag}-x%0A")
            for method in ("PUT", "GET", "DELETE")
        ),
        get("/variables/{dag}-"), get("/xcoms/{dag}/r/a/k%0A"), get("/health%0A", token=None),
    )),
    *(
        Case(name=f"a text too long {position}", seed=Seed(tasks=(Task(retries=1),)), steps=(
            run(), state(new, **body), beat(), get("/task-instances/states?dag_id={dag}"),
        ))
        for position, (new, body) in enumerate(TOO_LONG)
    ),
    Case(name="a label too long", steps=(
        on("a", "PATCH", "rendered-map-index", "x" * 250), on("a", "PATCH", "rendered-map-index", "x" * 251),
    )),
    Case(name="a host too long", steps=(run(host="h" * 1001), run(unixname="u" * 1001), run(pid=2**31), run())),
    Case(name="xcoms no column takes", steps=(
        call("POST", "/xcoms/{dag}/r/a/" + "k" * 513, 1), call("POST", "/xcoms/{dag}/r/a/k", {"\x00": 1.5e16}),
        call("POST", "/xcoms/{dag}/r/a/k", [1.5e16, 1e-7, -0.5]), get("/xcoms/{dag}/r/a/k"),
    )),
    *(
        Case(name=f"a wait without end {position}", steps=(
            run(), state(new, **body), beat(), get("/task-instances/states?dag_id={dag}"),
        ))
        for position, (new, body) in enumerate(ENDLESS)
    ),
    Case(name="a deferred task is cleared", steps=(
        run(), state("deferred", end_date=..., classpath="x.Y", next_method="go"), Act(what="clear"), beat(),
    )),
    Case(name="ids in braces", steps=(
        *(get("/variables/{dag}-none", token=Token(claims={"sub": sub})) for sub in (
            "{{11111111-2222-4333-8444-555555555555}}", "11111111222243338444555555555555",
            "urn:uuid:11111111-2222-4333-8444-555555555555", "1111-11112222433384445555-55555555",
        )),
    )),
)  # fmt: skip
