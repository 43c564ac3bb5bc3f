"""XComs, variables and connections."""

from __future__ import annotations

from typing import Any

from harness.conformance.case import NEXT_DAY, Case, Run, Seed, Task, XCom
from harness.conformance.tables.words import call, get, on, run, state

VALUES: tuple[Any, ...] = (
    None, True, 0, -1, 1.5, 1e300, 2**53, 10**30, "", "text", "é ☃ 𝄞", "1", "null", [], [1, [2]], {}, {"a": {"b": None}},
    {"": 1}, {"__classname__": "x", "__data__": 1}, "2031-05-05T12:00:00Z"[:4],
)  # fmt: skip
#: Keys as they stand in a path.
KEYS = (
    "simple", "with-dash", "with.dot", "with%20space", "a/b", "a/b/c", "a%2Fb", "item", "slice", "k/item/1", "k/slice",
    "%C3%A9", "%E2%98%83", "x" * 250, "x" * 251, "+", "a%2Bb", "%25", ".", "..", "a//b", "%00", "~",
)  # fmt: skip
X = "/xcoms/{dag}/r/a"
MAPPED = Seed(tasks=(Task(), Task(name="m", mapped=4)))
PUSHED = tuple(
    call("POST", f"/xcoms/{{dag}}/r/m/k?map_index={index}", value)
    for index, value in enumerate([10, None, {"x": 1}, "t"])
)
PRIOR = Seed(
    runs=(
        Run(),
        Run(name="early", logical_date="2019-12-01T00:00:00Z", state="success"),
        Run(name="late", logical_date=NEXT_DAY),
        Run(name="dateless", logical_date=None),
    ),
    xcoms=(
        XCom(key="old", value="early", run="early"),
        XCom(key="new", value="late", run="late"),
        XCom(key="both", value="early", run="early"),
        XCom(key="both", value="here"),
    ),
)

CASES: tuple[Case, ...] = (
    *(
        Case(
            name=f"xcom value {position}",
            steps=(
                call("POST", f"{X}/k", value),
                get(f"{X}/k"),
                get(f"{X}/k/item/0"),
                get(f"{X}/k/slice"),
                call("HEAD", f"{X}/k"),
            ),
        )
        for position, value in enumerate(VALUES)
    ),
    *(
        Case(
            name=f"xcom key {position}",
            steps=(
                call("POST", f"{X}/{key}", position),
                get(f"{X}/{key}"),
                call("DELETE", f"{X}/{key}"),
                get(f"{X}/{key}"),
            ),
        )
        for position, key in enumerate(KEYS)
    ),
    *(
        Case(
            name=f"variable key {position}",
            steps=(
                call("PUT", f"/variables/{{dag}}-{key}", {"val": key}),
                get(f"/variables/{{dag}}-{key}"),
                get("/variables/keys?prefix={dag}"),
                call("DELETE", f"/variables/{{dag}}-{key}"),
                get(f"/variables/{{dag}}-{key}"),
            ),
        )
        for position, key in enumerate(KEYS)
    ),
    Case(
        name="xcom options",
        steps=(
            call("POST", f"{X}/k?map_index=-1&dag_result=true&mapped_length=3", [1, 2, 3]),
            call("POST", f"{X}/k?dag_result=maybe", 1),
            call("POST", f"{X}/k?mapped_length=1024", [1]),
            call("POST", f"{X}/k?mapped_length=1025", [1]),
            call("POST", f"{X}/k?mapped_length=-1", [1]),
            call("POST", f"{X}/k?mapped_length=x", [1]),
            call("POST", f"{X}/k?map_index=x", [1]),
            call("POST", "/xcoms/{dag}/no-run/a/k", 1),
            call("POST", "/xcoms/no-dag/r/a/k", 1),
            get("/xcoms/{dag}/no-run/a/k"),
            get("/xcoms/{dag}/r/no-task/k"),
            get(f"{X}/k?map_index=0"),
            get(f"{X}/k?map_index=-1"),
            get(f"{X}/k?map_index="),
            get(f"{X}/k?map_index=1.0"),
            get(f"{X}/k?offset=0"),
            get(f"{X}/k?offset=1"),
            get(f"{X}/k?offset=-1"),
            get(f"{X}/k?unknown=1"),
            call("HEAD", f"{X}/k?map_index=0"),
            call("HEAD", f"{X}/none"),
            call("DELETE", f"{X}/k?map_index=5"),
            call("DELETE", f"{X}/k?map_index=-1"),
            call("DELETE", f"{X}/k"),
            get(f"{X}/"),
            call("POST", f"{X}/", 1),
            call("PATCH", f"{X}/k", 1),
        ),
    ),
    Case(name="xcom of no task", steps=(call("POST", "/xcoms/{dag}/r/no-task/k", 1),)),
    Case(name="xcom of no map index", steps=(call("POST", f"{X}/k?map_index=3", 1),)),
    Case(
        name="mapped xcoms",
        seed=MAPPED,
        steps=PUSHED
        + tuple(
            call(method, f"/xcoms/{{dag}}/r/m/k{query}")
            for method, query in (
                *(("GET", f"?map_index={index}") for index in (-1, 0, 1, 3, 4)),
                *(("GET", f"?offset={offset}") for offset in (0, 1, 2, 3, -1, -3, -4, -5, 99)),
                *(("GET", f"/item/{offset}") for offset in (0, 1, 3, 4, -1, -4, -5, "x", "1.5", "")),
                *(("GET", f"/slice{slice_}") for slice_ in (
                    "", "?start=1", "?stop=2", "?step=2", "?start=-2", "?stop=-1", "?start=1&stop=3", "?step=-1",
                    "?start=3&stop=0&step=-1", "?start=9", "?step=0", "?start=x", "?start=-1&stop=0", "?start=2&stop=-1",
                    "?stop=-2&step=-1",
                )),
                ("HEAD", ""),
                ("HEAD", "?map_index=-1"),
            )
        ),
    ),
    Case(
        name="xcoms of prior dates",
        seed=PRIOR,
        steps=(*tuple(get(f"/xcoms/{{dag}}/{run_id}/a/{key}{suffix}") for run_id in ("r", "late", "dateless") for key in ("old", "new", "both") for suffix in ("?include_prior_dates=true", "/slice?include_prior_dates=true")), get("/xcoms/{dag}/none/a/old?include_prior_dates=true"), get(f"{X}/old?include_prior_dates=perhaps")),
    ),
    Case(
        name="xcoms to clear",
        seed=Seed(xcoms=(XCom(value=1), XCom(key="k2", value=2))),
        steps=(run(), call("DELETE", f"{X}/k"), run(), state("success"), call("POST", f"{X}/late", 1)),
    ),
    Case(
        name="variables",
        seed=Seed(variables={"v": "val", "w": "", "x": "[1]"}),
        steps=(
            get("/variables/{dag}-v"),
            get("/variables/{dag}-w"),
            get("/variables/{dag}-x"),
            get("/variables/{dag}-none"),
            call("PUT", "/variables/{dag}-v", {"val": "new"}),
            call("PUT", "/variables/{dag}-v", {"val": "newer", "description": "told"}),
            call("PUT", "/variables/{dag}-v", {"val": None, "description": None}),
            get("/variables/{dag}-v"),
            call("PUT", "/variables/{dag}-v", {"value": "x"}),
            call("PUT", "/variables/{dag}-v", {"val": 1}),
            call("PUT", "/variables/{dag}-v", {"val": "x", "key": "y"}),
            call("PUT", "/variables/{dag}-v", {}),
            call("PUT", "/variables/", {"val": "x"}),
            get("/variables/"),
            get("/variables"),
            call("POST", "/variables/{dag}-v", {"val": "x"}),
            call("DELETE", "/variables/{dag}-v"),
            call("DELETE", "/variables/{dag}-v"),
            *(get(f"/variables/keys{query}") for query in (
                "?prefix={dag}", "?prefix={dag}&limit=1", "?prefix={dag}&limit=1&offset=1", "?prefix={dag}&offset=9",
                "?prefix={dag}-w", "?prefix=none-such", "?prefix={dag}&limit=0", "?limit=10001", "?limit=-1",
                "?offset=-1", "?limit=x", "?prefix={dag}%25", "?prefix=%5F&limit=1", "?prefix={dag}&limit=",
            )),
        ),
    ),
    Case(
        name="connections",
        seed=Seed(
            connections={
                "full": {"conn_type": "http", "host": "h", "schema": "s", "login": "l", "password": "p", "port": 1,
                         "extra": '{"a": 1}'},
                "bare": {"conn_type": "generic"},
            }
        ),
        steps=(
            get("/connections/{dag}-full"),
            get("/connections/{dag}-bare"),
            get("/connections/{dag}-none"),
            get("/connections/{dag}-full/"),
            get("/connections/a/b"),
            get("/connections/"),
            get("/connections/%20"),
            call("POST", "/connections/{dag}-full", {}),
        ),
    ),
    Case(name="rendered fields", steps=tuple(on("a", "PUT", "rtif", {"v": value}) for value in VALUES)),
)  # fmt: skip
