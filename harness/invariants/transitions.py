"""Only legal transitions: what the server did to its rows, held against the tables of the lifecycle."""

from __future__ import annotations

from collections.abc import Iterator

from harness.invariants.registry import Finding, Unwitnessed, safety, sampled
from harness.model.history import Event, History
from harness.model.lifecycle import TABLES, is_legal
from harness.model.moments import moment
from harness.model.plan import Plan


@safety
def only_legal_transitions(history: History, plan: Plan) -> Iterator[Finding]:  # noqa: ARG001
    """Task instances, edge jobs and edge workers change only as Airflow's tables allow, and never unseen.

    Each row begins from nothing, and goes on from where its last change left it.
    """
    unseen = 0
    stands: dict[tuple[str, str], str | None] = {}  # by table and key: the state that its last change left
    gone: set[tuple[str, str]] = set()  # of what was deleted
    legal: dict[
        tuple[str, str | None, str | None, bool], bool
    ] = {}  # few distinct ones among very many events
    for event in history.where(witness="server"):
        if event.f not in TABLES:
            continue
        if sampled(event):
            unseen += 1
            continue
        key = event.f, str(event.value.get("key"))
        change = (event.f, event.value.get("old"), event.value.get("new"), key in gone)
        if change not in legal:
            legal[change] = is_legal(*change[:3], again=change[3])
        if not legal[change]:
            yield Finding(_summary(event), (event.n,))
        before, after = stands.get(key), event.value.get("new")
        if before != event.value.get("old"):
            yield Finding(f"{_summary(event)}, and it was {before or 'nothing'} before", (event.n,))
        stands[event.f, str(event.value.get("new_id", key[1]))] = after
        if after is None:
            gone.add(key)
    if unseen:
        raise Unwitnessed(
            f"{unseen} of the server's states were asked for now and then, each change was not seen"
        )


def _summary(event: Event) -> str:
    value = event.value
    name = value.get("key")
    if event.f == "task_instance" and "task_id" in value:
        name = f"{value.get('dag_id')}/{value['task_id']}/{value.get('run_id')}"
    old, new = (value.get(which) or "nothing" for which in ("old", "new"))
    what = event.f.replace("_", " ")
    return f"{what} {name} went from {old} to {new} at {moment(event.t)} ({value.get('cause')})"
