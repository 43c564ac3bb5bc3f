"""What recorded calls of the Edge API say about workers and jobs, and about what was done to them in between."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from harness.conformance.drafts import Draft
from harness.conformance.recordings import EDGE, Step

_WORKER = re.compile(r"/worker/(?:queues/)?([^/]+)")
_FETCH = re.compile(r"/jobs/fetch/([^/]+)")
_LOG = re.compile(r"/logs/logfile_path/([^/]+)/([^/]+)/([^/]+)/(\d+)/(-?\d+)")
_ACTIVE = re.compile(r"already active in state '([^']+)'")
_CORE = re.compile(r"Edge Provider \S+ and the core runs on (\S+)\. ")
#: States that nobody but an administrator brings a worker into.
ORDERED = ("maintenance request", "shutdown request")
MAINTAINED = ("maintenance mode", "maintenance pending")


def read_edge(draft: Draft, steps: Sequence[Step]) -> None:
    """Add what there was of workers and jobs, and what an administrator or the scheduler did before a step."""
    for position, step in enumerate(steps):
        if not step.path.startswith(EDGE):
            continue
        if found := _WORKER.fullmatch(step.route):
            _worker(draft, position, step, found[1])
        elif _FETCH.fullmatch(step.route) and step.status == 200 and step.answer:
            _job(draft, position, step.answer)
        elif step.path == "/edge_worker/ui/jobs" and step.status == 200:
            _listed(draft, position, step.answer["jobs"])
        elif (found := _LOG.fullmatch(step.route)) and step.status == 200:
            dag_id, task_id, run_id, _, index = found.groups()
            draft.name(dag_id, run_id, task_id, int(index))


def _worker(draft: Draft, position: int, step: Step, name: str) -> None:
    _versions(draft, step)
    if step.status in (401, 403, 405, 422):
        return  # refused before anybody looked
    refused = _ACTIVE.search(str(step.answer)) if step.status == 409 else None
    if step.method == "POST":
        if draft.first("worker", name) and refused:
            draft.workers[name] = {"state": refused[1]}
        if step.status == 200:
            draft.believed[name] = {
                "state": step.body["state"],
                "queues": step.body.get("queues"),
                "concurrency": None,
            }
        return
    if step.status != 200:
        draft.first("worker", name)
        return
    if draft.first("worker", name):
        draft.workers[name] = {"state": "idle"}
        draft.believed[name] = {"state": "idle", "queues": None}
    if "/queues/" in step.route:
        draft.believed.setdefault(name, {}).pop("queues", None)
    elif step.answer:
        _ordered(draft, position, step, name)


def _versions(draft: Draft, step: Step) -> None:
    sysinfo = (step.body or {}).get("sysinfo") or {}
    if step.status == 200 and "airflow_version" in sysinfo:
        names = ("airflow_version", "edge_provider_version")
        draft.settings |= {each: str(sysinfo[each]) for each in names if each in sysinfo}
    if found := _CORE.search(str(step.answer)):
        draft.settings["edge_provider_version"] = found[1]


def _ordered(draft: Draft, position: int, step: Step, name: str) -> None:
    """The answer tells what an administrator wants of the worker: if that is new, it was done right before."""
    told, known = step.answer, draft.believed.setdefault(name, {})
    done: dict[str, Any] = {}
    if told["state"] in ORDERED and known.get("state") != told["state"]:
        done |= {"state": told["state"], "maintenance_comment": told["maintenance_comments"]}
    elif step.body["state"] in MAINTAINED and told["state"] not in (*MAINTAINED, *ORDERED):
        done["state"] = "maintenance exit"
    if told.get("concurrency") != known.get("concurrency"):
        done["concurrency"] = told.get("concurrency")
    if "queues" in known and told["queues"] != known["queues"]:
        done["queues"] = told["queues"]
    if done:
        draft.done.setdefault(position, []).append({"worker": name} | done)
    draft.believed[name] = {
        "state": told["state"],
        "queues": told["queues"],
        "concurrency": told.get("concurrency"),
    }


def _listed(draft: Draft, position: int, jobs: list[dict[str, Any]]) -> None:
    """A list of all jobs shows which ones the scheduler made, and which it purged."""
    known = {key[1:] for key in draft.touched if key[0] == "job"}
    listed = {_key(job): job for job in jobs}
    draft.jobs[position] = (
        [job for key, job in listed.items() if key not in known],
        sorted(known - listed.keys()),
    )
    draft.touched |= {("job", *key) for key in listed}
    draft.touched -= {("job", *key) for key in known - listed.keys()}


def _key(job: dict[str, Any]) -> tuple[str, ...]:
    return tuple(str(job[name]) for name in ("dag_id", "task_id", "run_id", "map_index", "try_number"))


def _job(draft: Draft, position: int, job: dict[str, Any]) -> None:
    if draft.first("job", *_key(job)):
        draft.run(job["dag_id"], job["run_id"])
        draft.queued[position] = job
