"""Dag runs and Dags, and what a task may ask about others."""

from __future__ import annotations

from harness.conformance.case import DAY, NEXT_DAY, Case, Run, Seed, Task, Token
from harness.conformance.tables.words import call, get, run, state

MANY = Seed(
    tasks=(Task(), Task(name="b", group="g", state="success"), Task(name="m", mapped=2, state="failed")),
    runs=(
        Run(),
        Run(name="r2", state="success", logical_date="2019-12-01T00:00:00Z"),
        Run(name="r3", state="failed", logical_date="2019-12-15T00:00:00Z", conf={"x": [1]}),
        Run(name="r4", state="queued", logical_date=NEXT_DAY),
        Run(name="r5", state="running", logical_date=None, conf=None),
    ),
)
COUNTS = (
    "", "&run_ids=r", "&run_ids=r&run_ids=r2", "&run_ids=none", "&states=success", "&states=success&states=failed",
    "&states=none", f"&logical_dates={DAY}", f"&logical_dates={DAY}&logical_dates={NEXT_DAY}", "&logical_dates=never",
)  # fmt: skip
TI_COUNTS = (
    *COUNTS, "&task_ids=a", "&task_ids=a&task_ids=m", "&task_ids=none", "&map_index=0", "&map_index=-1", "&map_index=x",
    "&task_group_id=g", "&task_group_id=none", "&task_group_id=g&task_ids=a", "&states=queued&run_ids=r", "&states=null",
    "&states=bogus", "&task_ids=m&map_index=1", "&task_group_id=",
)  # fmt: skip
TRIGGERS: tuple[object, ...] = (
    {},
    {"conf": {"x": {"y": 1}}, "note": "why"},
    {"logical_date": NEXT_DAY},
    {"logical_date": NEXT_DAY, "run_after": "2020-02-01T00:00:00Z"},
    {"run_after": "2020-02-01T00:00:00Z"},
    {"logical_date": DAY},
    {"logical_date": "2020-01-02T00:00:00"},
    {"reset_dag_run": True},
    {"partition_key": "p"},
    {"partition_key": ""},
    {"partition_key": "p" * 251},
    {"conf": None},
    {"conf": []},
    {"note": "n" * 1001},
    {"logical_date": None, "run_after": None},
    {"unknown": 1},
    [],
    None,
    {"logical_date": "2018-12-31T23:59:59Z"},  # before the Dag's start date: a run without task instances
    {"logical_date": "0001-01-01T00:00:00Z"},
)
RUN_IDS = ("manual__1", "a%20b", "a/b", "x" * 250, "x" * 251, "%C3%A9", "a:b+c~d", "with,comma",
           "manual__2020-01-01T00:00:00+00:00", "-", "..")  # fmt: skip
OWN = get("/dag-runs/{dag}/new")

CASES: tuple[Case, ...] = (
    *(
        Case(name=f"trigger {at}", steps=(call("POST", "/dag-runs/{dag}/new", body), OWN))
        for at, body in enumerate(TRIGGERS)
    ),
    *(
        Case(
            name=f"run id {at}",
            steps=(call("POST", f"/dag-runs/{{dag}}/{run_id}", {}), get(f"/dag-runs/{{dag}}/{run_id}")),
        )
        for at, run_id in enumerate(RUN_IDS)
    ),
    *(
        Case(
            name=f"trigger a Dag with {field}",
            seed=Seed(dag={field: value}),
            steps=(call("POST", "/dag-runs/{dag}/new", {}), OWN, call("POST", "/dag-runs/{dag}/r/clear"), get("/dags/{dag}")),
        )
        for field, value in (
            ("is_paused", True),
            ("is_stale", True),
            ("has_import_errors", True),
            ("allowed_run_types", ["scheduled"]),
            ("allowed_run_types", ["operator_triggered"]),
        )[:4]
    ),
    Case(
        name="trigger twice",
        steps=(
            call("POST", "/dag-runs/{dag}/new", {}),
            call("POST", "/dag-runs/{dag}/new", {}),
            call("POST", "/dag-runs/{dag}/r", {}),
            call("POST", "/dag-runs/none/new", {}),
            call("POST", "/dag-runs/{dag}/by-nobody", {}, token=Token(sub="11111111-2222-4333-8444-555555555555")),
            get("/dag-runs/count?dag_id={dag}"),
            get("/dag-runs/{dag}/new/state"),
        ),
    ),
    Case(
        name="clear",
        seed=MANY,
        steps=(
            run(),
            *(call("POST", f"/dag-runs/{{dag}}/{each}/clear") for each in ("r", "r2", "r3", "r4", "r5", "none")),
            call("POST", "/dag-runs/none/r/clear"),
            call("POST", "/dag-runs/{dag}/r2/clear", {"x": 1}),
            *(get(f"/dag-runs/{{dag}}/{each}/state") for each in ("r", "r2", "r3", "r4", "r5", "none")),
        ),
    ),
    Case(
        name="dag runs",
        seed=MANY,
        steps=(
            *(get(f"/dag-runs/{{dag}}/{each}") for each in ("r", "r2", "r3", "r4", "r5", "none")),
            *(get(f"/dag-runs/count?dag_id={{dag}}{query}") for query in COUNTS),
            get("/dag-runs/count?dag_id=none"),
            get("/dag-runs/count"),
            get("/dag-runs/count?dag_id="),
            get(f"/dag-runs/previous?dag_id={{dag}}&logical_date={DAY}"),
            get(f"/dag-runs/previous?dag_id={{dag}}&logical_date={NEXT_DAY}&state=success"),
            get(f"/dag-runs/previous?dag_id={{dag}}&logical_date={NEXT_DAY}&state=bogus"),
            get("/dag-runs/previous?dag_id={dag}&logical_date=2018-01-01T00:00:00Z"),
            get("/dag-runs/previous?dag_id={dag}&logical_date=2031-01-01T00:00:00Z"),
            get("/dag-runs/previous?dag_id={dag}"),
            get(f"/dag-runs/previous?logical_date={DAY}"),
            get("/dag-runs/previous?dag_id={dag}&logical_date=2020-01-01T00:00:00"),
            get("/dag-runs/previous?dag_id={dag}&logical_date=x"),
            get("/dags/{dag}"),
            get("/dags/none"),
            get("/dags/"),
        ),
    ),
    Case(
        name="task instances",
        seed=MANY,
        steps=(
            *(get(f"/task-instances/count?dag_id={{dag}}{query}") for query in TI_COUNTS),
            *(get(f"/task-instances/states?dag_id={{dag}}{query}") for query in TI_COUNTS),
            get("/task-instances/count?dag_id=none"),
            get("/task-instances/count?dag_id=none&task_group_id=g"),
            get("/task-instances/count"),
            get("/task-instances/states?dag_id=none"),
            get("/task-instances/states"),
            *(get(f"/task-instances/breadcrumbs?dag_id={{dag}}&run_id={each}") for each in ("r", "r2", "none")),
            get("/task-instances/breadcrumbs?dag_id={dag}"),
            *(get(f"/task-instances/previous/{{dag}}/{task}{query}") for task, query in (
                ("a", ""), ("b", ""), ("b", "?state=success"), ("b", "?state=failed"), ("none", ""),
                ("m", "?map_index=1"), ("m", ""), ("m", "?map_index=9"), ("a", "?state=bogus"), ("a", "?state="),
                ("b", f"?logical_date={DAY}"), ("b", "?logical_date=2018-01-01T00:00:00Z"), ("b", "?logical_date=x"),
            )),
            get("/task-instances/previous/none/a"),
        ),
    ),
    Case(
        name="previous successful run",
        seed=MANY,
        steps=(
            get("/task-instances/{a}/previous-successful-dagrun"),
            get("/task-instances/{r2.a}/previous-successful-dagrun", token=Token(sub="{r2.a}")),
            get("/task-instances/{r5.a}/previous-successful-dagrun", token=Token(sub="{r5.a}")),
        ),
    ),
    Case(
        name="breadcrumbs of a life",
        seed=Seed(tasks=(Task(), Task(name="b", retries=1), Task(name="c"))),
        steps=(
            run(),
            run("b", pid=2),
            state("success", end_date="2020-01-01T00:00:07.5Z"),
            state("failed", "b"),
            get("/task-instances/breadcrumbs?dag_id={dag}&run_id=r"),
            get("/task-instances/previous/{dag}/a"),
        ),
    ),
)  # fmt: skip
