"""A task instance about itself: run, heartbeat, state, rendered fields."""

from __future__ import annotations

from typing import Any

from harness.conformance.case import END, NOTHING, START, UNKNOWN, Act, Case, Seed, Task, Token
from harness.conformance.tables.words import beat, call, get, on, run, state

STATES = (
    None, "removed", "scheduled", "queued", "running", "success", "restarting", "failed", "up_for_retry",
    "up_for_reschedule", "upstream_failed", "skipped", "deferred", "awaiting_input",
)  # fmt: skip
TARGETS: tuple[tuple[str, dict[str, Any]], ...] = (
    ("success", {}),
    ("success", {"rendered_map_index": "label", "task_outlets": [], "outlet_events": []}),
    ("failed", {}),
    ("failed", {"rendered_map_index": "label"}),
    ("skipped", {}),
    ("removed", {}),
    ("upstream_failed", {}),
    ("up_for_retry", {}),
    ("up_for_retry", {"retry_delay_seconds": 12.5, "retry_reason": "because", "rendered_map_index": "l"}),
    ("up_for_reschedule", {"reschedule_date": "2020-01-03T00:00:00Z"}),
    ("deferred", {"end_date": ..., "classpath": "x.Y", "next_method": "go"}),
    (
        "deferred",
        {
            "end_date": ...,
            "classpath": "x.Y",
            "next_method": "go",
            "trigger_kwargs": {"a": 1},
            "trigger_timeout": "PT1M",
            "queue": "q",
            "next_kwargs": {"b": [2]},
        },
    ),
    ("awaiting_input", {"end_date": ..., "next_method": "go"}),
    ("awaiting_input", {"end_date": ..., "next_method": "go", "timeout": "PT5M", "next_kwargs": {"b": 2}}),
    ("deferred", {}),
    ("up_for_retry", {"end_date": ...}),
    ("up_for_reschedule", {}),
    ("awaiting_input", {}),
    ("queued", {}),
    ("queued", {"end_date": ...}),
    ("scheduled", {"end_date": ...}),
    ("restarting", {"end_date": ...}),
    ("running", {}),
    ("none", {}),
    ("", {}),
    ("success", {"end_date": ...}),
    ("failed", {"end_date": "2020-01-01T00:00:00"}),
    ("failed", {"end_date": "2020-01-01T02:00:00+02:00"}),
    ("failed", {"end_date": "2019-01-01T00:00:00Z"}),
    ("failed", {"end_date": 1_577_836_865}),
    ("failed", {"end_date": "soon"}),
    ("success", {"extra": 1}),
    ("success", {"task_outlets": None}),
    ("success", {"outlet_events": {}}),
    ("up_for_retry", {"retry_delay_seconds": -1}),
    ("up_for_retry", {"retry_delay_seconds": "soon"}),
    ("up_for_retry", {"retry_delay_seconds": 1e12}),
    ("deferred", {"end_date": ..., "classpath": "x.Y", "next_method": "go", "trigger_timeout": "never"}),
    ("deferred", {"end_date": ..., "classpath": "x.Y", "next_method": "go", "trigger_kwargs": "text"}),
    ("deferred", {"end_date": ..., "classpath": 1, "next_method": "go"}),
)
RETRYABLE = Seed(tasks=(Task(retries=2),))


def _life(position: int, target: str, body: dict[str, Any]) -> Case:
    last = state(target, **body)
    return Case(
        name=f"state {position} {target or 'empty'}",
        seed=RETRYABLE,
        steps=(run(), last, last, beat(), run(pid=9)),
    )


CASES: tuple[Case, ...] = (
    *(_life(position, *each) for position, each in enumerate(TARGETS)),
    *(
        Case(
            name=f"in state {each}",
            seed=Seed(tasks=(Task(state=each),)),
            steps=(beat(), state("failed"), run(), beat(), run(pid=9)),
        )
        for each in STATES
    ),
    Case(
        name="life",
        steps=(
            run(),
            run(),
            run(pid=7),
            run(host="host-2"),
            run(unixname="other"),
            beat(),
            beat(pid=7),
            beat(host="host-2"),
            beat(pid=str(4242)),  # type: ignore[arg-type]
            on("a", "PUT", "rtif", {"bash_command": "echo 1", "n": [1, {"x": None}]}),
            on("a", "PUT", "rtif", {}),
            on("a", "PATCH", "rendered-map-index", "label"),
            on("a", "PATCH", "rendered-map-index", ""),
            on("a", "PATCH", "rendered-map-index", "x" * 250),
            state("success"),
            on("a", "PUT", "rtif", {"late": 1}),
            on("a", "PATCH", "rendered-map-index", "late"),
            beat(),
            run(),
            state("failed"),
            state("success"),
        ),
    ),
    Case(
        name="unknown task instance",
        steps=tuple(
            call(method, f"/task-instances/{UNKNOWN}/{what}", body, token=Token(sub=UNKNOWN))
            for method, what, body in (
                (
                    "PATCH",
                    "run",
                    {"state": "running", "hostname": "h", "unixname": "u", "pid": 1, "start_date": START},
                ),
                ("PUT", "heartbeat", {"hostname": "h", "pid": 1}),
                ("PATCH", "state", {"state": "failed", "end_date": END}),
                ("PATCH", "state", {"state": "queued"}),
                ("PUT", "rtif", {}),
                ("PATCH", "rendered-map-index", "x"),
                ("PATCH", "skip-downstream", {"tasks": ["a"]}),
                ("GET", "previous-successful-dagrun", NOTHING),
                ("GET", "validate-inlets-and-outlets", NOTHING),
            )
        ),
    ),
    Case(
        name="archived by a retry",
        seed=RETRYABLE,
        steps=(
            run(),
            beat(),
            state("up_for_retry"),
            beat(),
            run(),
            state("up_for_retry"),
            on("a", "PUT", "rtif", {}),
            on("a", "PATCH", "rendered-map-index", "x"),
            on("a", "PATCH", "skip-downstream", {"tasks": ["a"]}),
            on("a", "GET", "validate-inlets-and-outlets"),
            on("a", "GET", "previous-successful-dagrun"),
            get("/task-instances/states?dag_id={dag}"),
        ),
    ),
    Case(
        name="a label outlives a retry",
        seed=RETRYABLE,
        steps=(run(), on("a", "PATCH", "rendered-map-index", "label"), state("up_for_retry")),
    ),
    Case(
        name="cleared while it runs",
        steps=(run(), Act(what="clear"), beat(), run(), state("success"), on("a", "PUT", "rtif", {})),
    ),
    Case(name="cleared while queued", steps=(Act(what="clear"), beat(), run())),
    Case(
        name="skip downstream",
        seed=Seed(
            tasks=(
                Task(),
                Task(name="b"),
                Task(name="m", mapped=2),
                *(Task(name=f"s-{each}", state=each) for each in STATES),
            )
        ),
        steps=(
            run(),
            on("a", "PATCH", "skip-downstream", {"tasks": []}),
            on("a", "PATCH", "skip-downstream", {"tasks": ["b", "no-such", ["m", 0], ["m", 7]]}),
            on("a", "PATCH", "skip-downstream", {"tasks": [f"s-{each}" for each in STATES]}),
            on("a", "PATCH", "skip-downstream", {"tasks": ["a"]}),
            beat(),
        ),
    ),
    Case(
        name="fail fast",
        seed=Seed(
            dag={"fail_fast": True}, tasks=(Task(), *(Task(name=f"s-{each}", state=each) for each in STATES))
        ),
        steps=(run(), state("failed"), get("/task-instances/states?dag_id={dag}")),
    ),
    Case(
        name="rescheduled",
        steps=(
            run(),
            state("up_for_reschedule", reschedule_date="2020-01-03T00:00:00Z"),
            get("/task-reschedules/{a}/start_date"),
            get("/task-reschedules/{a}/start_date?try_number=7"),
            get("/task-reschedules/{a}/start_date?try_number=x"),
        ),
    ),
    Case(name="long texts", steps=(run(host="h" * 1000), beat(host="h" * 1000), state("failed"))),
)
