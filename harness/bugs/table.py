"""The bugs: which releases have them, which do not, the plan that provokes each, and the promises that it breaks."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from harness.errors import BadParameter
from harness.model.names import no_such

AFFECTED, WITHOUT = "affected", "without"


@dataclass(frozen=True, kw_only=True)
class Release:
    """What is installed for a run, and what it is called. Nothing that was published after the day `before` is.

    Without requirements it is what the harness is made for.
    """

    name: str
    requirements: tuple[str, ...] = ()
    before: str | None = None


@dataclass(frozen=True, kw_only=True)
class Bug:
    """One defect. `plan` is the stem of a file; `found_by` are promises that are broken on the affected release.

    `without` is a release that does not have it: the first in which it is mended, or one of before it came.

    Where the code that pip installs cannot show it here, `why_not` says why, and there is neither plan nor release.
    """

    id: str
    component: str
    symptom: str
    upstream: tuple[str, ...]
    plan: str = ""
    server: str = "fake"
    affected: Release | None = None
    without: Release | None = None
    found_by: tuple[str, ...] = ()
    why_not: str = ""

    @property
    def releases(self) -> tuple[tuple[str, Release], ...]:
        """The releases that it is run on, each with its role."""
        both = ((AFFECTED, self.affected), (WITHOUT, self.without))
        return tuple((role, release) for role, release in both if release)


def _release(name: str, before: str, *, core: str, edge: str, also: Sequence[str] = ()) -> Release:
    """Core and Task SDK are released in pairs, 3.x with 1.x; the provider goes its own way."""
    sdk = "1" + core.removeprefix("3")
    pins = (
        f"apache-airflow-core=={core}",
        f"apache-airflow-task-sdk=={sdk}",
        f"apache-airflow-providers-edge3=={edge}",
    )
    return Release(name=name, requirements=(*pins, *also), before=before)


def _upstream(*numbers: int) -> tuple[str, ...]:
    return tuple(f"apache/airflow#{number}" for number in numbers)


#: Task SDK 1.1.0 to 1.1.2 import structlog.dev.Styles, which is gone since 25.5, and their metadata allow any.
_STYLES = ("structlog<25.5",)
#: What a resolver takes that knows of no upper bound, as core up to 3.1.0 has none.
_FASTAPI = (*_STYLES, "fastapi==0.124.4")
_NEWEST = Release(name="core 3.3.2, task-sdk 1.3.2, edge3 5.1.0")
_SDK_1_1_1 = _release("task-sdk 1.1.1", "2025-11-09", core="3.1.1", edge="1.4.1", also=_STYLES)
_SDK_1_1_2 = _release("task-sdk 1.1.2", "2025-11-09", core="3.1.2", edge="1.4.1", also=_STYLES)

BUGS: tuple[Bug, ...] = (
    Bug(
        id="B01",
        component="api-server, task-sdk supervisor",
        symptom="a success whose reply was lost is sent again, refused with 409, and its job fails",
        upstream=_upstream(63183, 63355, 64023, 65708),
        plan="a-lost-reply-to-success-fails-a-job",
        server="airflow",
        affected=_release("core 3.2.1, task-sdk 1.2.1", "2026-05-12", core="3.2.1", edge="3.6.0"),
        without=_release("core 3.3.0, task-sdk 1.3.0", "2026-07-08", core="3.3.0", edge="4.0.0"),
        found_by=("tolerable_faults_cost_no_try",),
    ),
    Bug(
        id="B03",
        component="task-sdk client",
        symptom="one connection that closes without an answer fails the task",
        upstream=_upstream(56762, 50158),
        plan="one-dropped-connection-fails-a-task",
        affected=_SDK_1_1_1,
        without=_SDK_1_1_2,
        found_by=("tolerable_faults_cost_no_try",),
    ),
    Bug(
        id="B04",
        component="edge3 worker",
        symptom="a job whose supervisor failed is reported as a success",
        upstream=_upstream(67887, 65833),
        plan="a-job-that-never-ran-is-reported-as-success",
        affected=_release("edge3 3.7.0", "2026-06-12", core="3.2.2", edge="3.7.0"),
        without=_release("edge3 3.8.0", "2026-06-12", core="3.2.2", edge="3.8.0"),
        found_by=("reports_match_bodies",),
    ),
    Bug(
        id="B05",
        component="edge3 worker",
        symptom="a worker that gets SIGTERM handles it over and over, and goes on until its tasks are done",
        upstream=_upstream(65830),
        plan="a-worker-told-to-end-goes-on",
        affected=_release("edge3 3.5.0", "2026-05-12", core="3.2.1", edge="3.5.0"),
        without=_release("edge3 3.6.0", "2026-05-12", core="3.2.1", edge="3.6.0"),
        found_by=("stopped_workers_end",),
    ),
    Bug(
        id="B07",
        component="api-server",
        symptom="the token of a task expires while the task waits in its queue",
        upstream=_upstream(53713, 60108, 66989),
        plan="a-token-expires-in-the-queue",
        server="airflow",
        affected=_release("core 3.2.1", "2026-05-12", core="3.2.1", edge="3.5.0"),
        without=_release("core 3.2.2", "2026-06-12", core="3.2.2", edge="3.7.0"),
        found_by=("no_token_is_refused",),
    ),
    Bug(
        id="B08",
        component="api-server",
        symptom="no token is renewed, and a task loses its access when its first one expires",
        upstream=_upstream(58775, 58782),
        plan="a-running-tasks-token-expires",
        server="airflow",
        affected=_release(
            "core 3.1.0 with FastAPI 0.124", "2025-12-14", core="3.1.0", edge="1.4.0", also=_FASTAPI
        ),
        without=_release("core 3.2.2 with FastAPI 0.136", "2026-06-12", core="3.2.2", edge="3.7.0"),
        found_by=("no_token_is_refused",),
    ),
    Bug(
        id="B11",
        component="task-sdk supervisor",
        symptom="of a withdrawn task only its own process is killed, and what that started goes on",
        upstream=_upstream(65505, 65738, 71146),
        plan="a-withdrawn-tasks-subprocess-goes-on",
        affected=_release("task-sdk 1.3.0", "2026-08-13", core="3.3.0", edge="4.3.0"),
        without=_release("task-sdk 1.3.1", "2026-08-13", core="3.3.1", edge="4.3.0"),
        found_by=("bodies_run_while_running",),
    ),
    Bug(
        id="B12",
        component="task-sdk supervisor",
        symptom="a task whose process is killed fails although it has retries left",
        upstream=_upstream(55753, 55767),
        plan="a-killed-task-fails-with-retries-left",
        affected=_SDK_1_1_1,
        without=_SDK_1_1_2,
        found_by=("every_task_finishes",),
    ),
    Bug(
        id="B14",
        component="edge3 executor",
        symptom="a try that goes back to its queue is a job twice, and the scheduler ends by an IntegrityError",
        upstream=_upstream(53610, 53927),
        plan="a-task-queued-twice-ends-the-scheduler",
        server="airflow",
        affected=_release("edge3 1.1.2", "2025-08-12", core="3.0.4", edge="1.1.2"),
        without=_release("edge3 1.1.3", "2025-08-12", core="3.0.4", edge="1.1.3"),
        found_by=("the_server_stays_up",),
    ),
    Bug(
        id="D03",
        component="api-server",
        symptom="a try that was withdrawn is told that it is unknown (404), not that it is gone (410)",
        upstream=_upstream(66713),
        plan="a-withdrawn-try-is-told-that-it-is-unknown",
        server="airflow",
        affected=_release("core 3.2.0", "2026-04-13", core="3.2.0", edge="3.4.0"),
        without=_release("core 3.2.1", "2026-05-12", core="3.2.1", edge="3.5.0"),
        found_by=("withdrawals_are_told",),
    ),
    Bug(
        id="D06",
        component="edge3 worker API",
        symptom="a second worker is registered under the name of one that lives",
        upstream=_upstream(58586),
        plan="two-workers-of-one-name",
        server="airflow",
        affected=_release("edge3 1.5.0", "2025-12-03", core="3.1.3", edge="1.5.0", also=_STYLES),
        without=_release("edge3 1.6.0", "2025-12-03", core="3.1.3", edge="1.6.0", also=_STYLES),
        found_by=("one_worker_has_a_name",),
    ),
    Bug(
        id="D11",
        component="task-sdk client",
        symptom="a call that takes longer than five seconds fails, and no setting changes that",
        upstream=_upstream(56571, 56969),
        plan="a-slow-api-fails-a-task",
        affected=_release("task-sdk 1.1.0", "2025-10-28", core="3.1.0", edge="1.4.0", also=_STYLES),
        without=_release("task-sdk 1.1.1", "2025-10-28", core="3.1.1", edge="1.4.0", also=_STYLES),
        found_by=("tolerable_faults_cost_no_try",),
    ),
    Bug(
        id="D12",
        component="task-sdk supervisor",
        symptom="a supervisor goes on for as long as something holds its task's output open",
        upstream=_upstream(50500, 51180),
        plan="a-supervisor-waits-for-what-its-task-left-behind",
        affected=_release("task-sdk 1.0.2", "2025-07-15", core="3.0.2", edge="1.1.1"),
        without=_NEWEST,
        found_by=("every_end_is_reported",),
    ),
    Bug(
        id="N03",
        component="task-sdk supervisor",
        symptom="nothing is reported of a task whose process was killed with retries left",
        upstream=_upstream(55753, 55767, 60858),
        plan="a-killed-task-is-reported-to-nobody",
        affected=_NEWEST,
        found_by=("every_end_is_reported",),
    ),
    Bug(
        id="N04",
        component="task-sdk client, api-server",
        symptom="a task that triggers a Dag fails when the reply is lost, though the run is there",
        upstream=_upstream(66905, 66911, 68828),
        plan="a-lost-reply-to-a-trigger-fails-a-task",
        server="airflow",
        affected=_NEWEST,
        found_by=("tolerable_faults_cost_no_try",),
    ),
    Bug(
        id="N09",
        component="edge3 worker API, executor",
        symptom="a job whose fetch reply was lost is handed to nobody, for ten minutes or more",
        upstream=(),
        plan="a-lost-fetch-reply-strands-a-job",
        server="airflow",
        affected=_NEWEST,
        found_by=("every_job_is_accounted_for",),
    ),
    Bug(
        id="N11",
        component="task-sdk client",
        symptom="one answer 429 fails the task",
        upstream=_upstream(56762),
        plan="one-429-fails-a-task",
        affected=_NEWEST,
        without=replace(_SDK_1_1_1, name="task-sdk 1.1.1, of before"),
        found_by=("tolerable_faults_cost_no_try",),
    ),
    Bug(
        id="N12",
        component="task-sdk supervisor",
        symptom="an outage of the API kills a task after a minute, which the server has as running",
        upstream=_upstream(73244),
        plan="an-outage-of-a-minute-and-a-half-kills-a-task",
        affected=_NEWEST,
        found_by=("bodies_outlive_outages",),
    ),
    Bug(
        id="N13",
        component="edge3 worker and executor, scheduler",
        symptom="a task that goes back to its queue for less than five seconds fails",
        upstream=_upstream(71172),
        plan="a-task-rescheduled-for-a-second-fails",
        server="airflow",
        affected=_NEWEST,
        found_by=("every_task_finishes",),
    ),
    Bug(
        id="N14",
        component="edge3 worker, task-sdk supervisor",
        symptom="a worker that gets SIGTERM waits until its tasks are done, as if it had been told to drain",
        upstream=(),
        plan="a-worker-told-to-end-waits-for-its-tasks",
        affected=_NEWEST,
        found_by=("stopped_workers_end",),
    ),
    Bug(
        id="N15",
        component="api-server, edge3 api",
        symptom="an api-server over PostgreSQL that gets more calls at once than it has threads locks itself up",
        upstream=(),
        why_not="it takes more calls at once than a live world has workers: load shows it, see loadtests/README.md",
    ),
    Bug(
        id="N16",
        component="edge3 worker",
        symptom="a task that comes back to a worker in the same try has it push its whole log again",
        upstream=(),
        plan="a-task-that-comes-back-pushes-its-log-again",
        server="airflow",
        affected=_NEWEST,
        found_by=("logs_are_kept",),
    ),
)


def bugs(names: Sequence[str] = ()) -> tuple[Bug, ...]:
    """The bugs of these names, all where none is given. Raises BadParameter, naming the nearest."""
    known = {bug.id: bug for bug in BUGS}
    for name in names:
        if name.upper() not in known:
            raise BadParameter(f"--bugs {name}: {no_such('bug', name, known)}")
    return tuple(known[name] for name in dict.fromkeys(each.upper() for each in names)) or BUGS
