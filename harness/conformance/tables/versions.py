"""All versions of the API: the header that picks one, and the calls whose shape differs between them."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from harness.conformance.case import NEXT_DAY, Call, Case, Run, Seed, Task, XCom
from harness.conformance.tables.operations import OPERATIONS, WORLD
from harness.conformance.tables.words import beat, call, get, run, state

VERSIONS = (
    "2025-04-11", "2025-04-28", "2025-05-20", "2025-08-10", "2025-09-23", "2025-10-27", "2025-11-05", "2026-04-06",
    "2026-06-30",
)  # fmt: skip
HEADERS: tuple[str | None, ...] = (
    None, "", "2025-04-10", "2025-04-12", "2026-04-05", "2026-07-01", "2099-01-01", "0001-01-01", "today", "1",
    "1577836800", "20250411", "2025-4-11", "2025-04-11T00:00:00", "2025-04-11T10:00:00Z", "2025-13-01",
    "head", "latest", "99999999999999", "2025-02-29",
)  # fmt: skip
CONSUMED = Seed(
    tasks=(Task(retries=1), Task(name="m", mapped=2)),
    runs=(
        Run(conf=None),
        Run(name="early", logical_date="2019-12-01T00:00:00Z", state="success"),
        Run(name="dateless", logical_date=None),
    ),
    xcoms=(XCom(value=1), XCom(key="old", value=2, run="early")),
)


def _in(version: str, *calls: Call) -> tuple[Call, ...]:
    return tuple(replace(each, version=version) for each in calls)


def _ends(version: str) -> tuple[Case, ...]:
    """Each way to end or to go on, with the fields that came with a later version."""
    bodies: tuple[tuple[str, dict[str, Any]], ...] = (
        ("success", {"rendered_map_index": "l"}),
        ("failed", {"rendered_map_index": "l"}),
        ("up_for_retry", {}),
        ("up_for_retry", {"rendered_map_index": "l"}),
        ("up_for_retry", {"retry_reason": "r", "retry_delay_seconds": 1}),
        ("deferred", {"end_date": ..., "classpath": "x.Y", "next_method": "go", "next_kwargs": {"a": 1}}),
        ("deferred", {"end_date": ..., "classpath": "x.Y", "next_method": "go", "queue": "q"}),
        ("deferred", {"end_date": ..., "classpath": "x.Y", "next_method": "go", "rendered_map_index": "l"}),
        ("deferred", {"end_date": ..., "classpath": "x.Y", "next_method": "go", "next_kwargs": "text"}),
        (
            "deferred",
            {
                "end_date": ...,
                "classpath": "x.Y",
                "next_method": "go",
                "trigger_kwargs": {"__var": {"a": 1}, "__type": "dict"},
                "next_kwargs": {"__var": {"b": 2}, "__type": "dict"},
            },
        ),
        ("awaiting_input", {"end_date": ..., "next_method": "go"}),
        ("bogus", {}),
    )
    return tuple(
        Case(
            name=f"ends {version} {at}",
            seed=CONSUMED,
            steps=_in(version, run(), state(target, **body), beat()),
        )
        for at, (target, body) in enumerate(bodies)
    )


def _shapes(version: str) -> Case:
    calls = (
        run(),
        run("m.0", pid=1),
        beat(),
        get("/dag-runs/{dag}/r"),
        get("/dag-runs/{dag}/r/state"),
        get("/dag-runs/{dag}/dateless"),
        get(f"/dag-runs/previous?dag_id={{dag}}&logical_date={NEXT_DAY}"),
        get(f"/dag-runs/{{dag}}/previous?logical_date={NEXT_DAY}"),
        get(f"/dag-runs/{{dag}}/previous?logical_date={NEXT_DAY}&state=success"),
        get("/dag-runs/count?dag_id={dag}"),
        get("/dags/{dag}"),
        get("/variables/keys?prefix={dag}"),
        get("/xcoms/{dag}/r/a/old?include_prior_dates=true"),
        get("/xcoms/{dag}/r/a/k/slice"),
        get("/task-instances/breadcrumbs?dag_id={dag}&run_id=r"),
        get("/task-instances/previous/{dag}/a"),
        call("POST", "/dag-runs/{dag}/new", {"run_after": NEXT_DAY}),
        call("POST", "/dag-runs/{dag}/new2", {"partition_key": "p"}),
        call("POST", "/dag-runs/{dag}/new3", {"note": "n"}),
        call("POST", "/dag-runs/{dag}/new4", {"conf": {"a": 1}}),
        call("PUT", "/variables/keys", {"val": "1"}),
        call("DELETE", "/variables/keys"),
        call(
            "POST",
            "/hitlDetails/{a}",
            {"ti_id": "{a}", "options": ["y"], "subject": "s", "assigned_users": []},
        ),
        get("/hitlDetails/{a}"),
        state("failed"),
        state("failed"),
    )
    return Case(name=f"shapes {version}", seed=CONSUMED, steps=_in(version, *calls))


def _operations(version: str) -> Case:
    """Each operation of the newest version, asked for in this one; those that change the task instance come last."""
    return Case(
        name=f"operations {version}",
        seed=WORLD,
        steps=_in(version, *(each.call for each in OPERATIONS if not each.path.endswith("/run"))),
    )


CASES: tuple[Case, ...] = (
    *(_shapes(version) for version in VERSIONS),
    *(_operations(version) for version in VERSIONS[:-1]),
    *(case for version in VERSIONS for case in _ends(version)),
    Case(
        name="version header",
        anywhere=True,
        steps=tuple(
            get(path, version=version, token=None if path == "/health" else beat().token)
            for version in HEADERS
            for path in ("/health", "/dags/{dag}", "/none")
        ),
    ),
)
