"""What Locust's events do here: look at the server, begin and end a process's load, gather the reports, say the outcome."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any
from weakref import WeakKeyDictionary

import gevent
from gevent.pool import Group
from locust.env import Environment
from locust.runners import MasterRunner, WorkerRunner

from loadtests.calls import Line, NoAnswer
from loadtests.dag_run_feed import DagRunFeed
from loadtests.feeds import AdminFeed, GivenWork, own_queue, seed_content
from loadtests.load import Load
from loadtests.options import Options, WrongOption
from loadtests.outcome import Outcome, report_of
from loadtests.preflight import UNKNOWN, USAGE, NotReady, look
from loadtests.rest import NotLetIn, Rest
from loadtests.telling import tell

DEFAULT_USER = "SupervisorUser"
#: Users that speak the Edge API, and those of them that run jobs.
WORKERS = frozenset(("EdgeWorkerUser", "SupervisorUser"))
#: Users that take tasks themselves.
WORKERLESS = frozenset(("TaskUser", "ArrivalUser"))
#: Seconds of a run whose length nobody gave, to a shape.
RUN_TIME = 60
#: What was found out could not be written.
NOT_WRITTEN = 74

_LOADS: WeakKeyDictionary[Environment, Load] = WeakKeyDictionary()
_OUTCOMES: WeakKeyDictionary[Environment, Outcome] = WeakKeyDictionary()
_BESIDE: WeakKeyDictionary[Environment, Group] = WeakKeyDictionary()


def load_of(environment: Environment) -> Load:
    """The load of this process."""
    return _LOADS[environment]


def ready(environment: Environment) -> bool:
    """Whether this process's users have what they need; where not, somebody was told why."""
    return environment in _BESIDE


def prepare(environment: Environment) -> None:
    """Before anything starts: which users, which shape; without a web page, whether the server is ready too."""
    parsed: Any = environment.parsed_options
    if not parsed.user_classes:
        environment.user_classes = [
            each for each in environment.user_classes if each.__name__ == DEFAULT_USER
        ]
    if not parsed.shape:
        environment.shape_class = None
    if parsed.headless and not isinstance(environment.runner, WorkerRunner):
        _check(environment)


def _check(environment: Environment) -> None:
    """Exit with one line where the options or the server cannot do."""
    try:
        load = _make_load(environment)
        if (users := getattr(environment.parsed_options, "num_users", None)) is not None and users < 1:
            raise WrongOption(f"--users {users}: give 1 at least")
        if "SchedulerUser" in _names(environment) and not load.options.dag:
            raise WrongOption("SchedulerUser needs --dag: the id of the Dag to trigger")
        if "ArrivalUser" in _names(environment) and not load.options.rate:
            raise WrongOption("ArrivalUser needs --rate: the arrivals per second")
        for host in load.hosts[1:]:
            look(host, secret=load.secret, needs_edge=False)
        _kind_of_feed(environment, load)
        if load.options.dag:
            Rest(load.line(), load.options.dag).open()
    except WrongOption as error:
        _exit(str(error), USAGE)
    except NotReady as error:
        _exit(str(error), error.code)
    except NotLetIn as error:
        _exit(str(error), USAGE)
    except NoAnswer as error:
        _exit(f"the REST API does not answer: {error}", UNKNOWN)


def _exit(text: str, code: int) -> None:
    sys.stderr.write(f"loadtests: {text}\n")
    sys.exit(code)


def _names(environment: Environment) -> set[str]:
    return {each.__name__ for each in environment.user_classes}


def _make_load(environment: Environment) -> Load:
    parsed: Any = environment.parsed_options
    if not environment.host:
        raise WrongOption("--host is missing: give the server's URL, such as http://127.0.0.1:8080")
    hosts = tuple(each.strip().rstrip("/") for each in environment.host.split(","))
    seconds = float(getattr(parsed, "load_seconds", None) or parsed.run_time or RUN_TIME)
    try:
        return Load(environment, Options.of(parsed), hosts=hosts, run_time=seconds)
    except ValueError as error:  # a variable of Airflow's
        raise WrongOption(str(error)) from None


def begin(environment: Environment) -> None:
    """The load begins, in a process that has users or leads those that have."""
    _OUTCOMES[environment] = Outcome()
    parsed: Any = environment.parsed_options
    if isinstance(environment.runner, MasterRunner):
        # what is none of Locust's own options travels to its workers, and of --run-time they know nothing
        parsed.load_seconds, parsed.load_processes = parsed.run_time, environment.runner.worker_count
        return
    try:
        load = _LOADS[environment] = _make_load(environment)
        _feed(environment, load)
    except (WrongOption, NotReady, NotLetIn, NoAnswer) as error:
        sys.stderr.write(f"loadtests: {error}\n")
        environment.process_exit_code = getattr(error, "code", USAGE)
        gevent.spawn(_quit, environment)
        return
    beside = _BESIDE[environment] = Group()
    if load.options.rate:
        _, of = _share(environment)
        load.arrive(load.options.rate / of)
        beside.spawn(load.arrivals.run)
    for each in (load.watch.run, load.feed.run):
        beside.spawn(each)
    load.gate.open()


def _quit(environment: Environment) -> None:
    if environment.runner is not None:
        environment.runner.quit()


def _kind_of_feed(environment: Environment, load: Load) -> str:
    """Where the work comes from: admin, dag-runs, none. Raises NotReady where it cannot, or the server is none."""
    options, admin = load.options, load.options.admin or load.hosts[0]
    server = look(
        load.hosts[0], secret=load.secret, needs_edge=bool(WORKERS & _names(environment)), admin=admin
    )
    if options.feed == "admin" and not server.admin:
        raise NotReady(
            f"{admin} has no /admin/seed: `harness serve --admin` has; or take --feed none", code=USAGE
        )
    if options.feed == "dag-runs":
        return "dag-runs"
    if server.admin and options.feed != "none" and not options.workloads:
        return "admin"
    if WORKERLESS & _names(environment) and not options.workloads:
        raise NotReady(
            "no task is to be had without a worker: give --workloads FILE, or --admin URL", code=USAGE
        )
    return "none"


def _feed(environment: Environment, load: Load) -> None:
    """Begin to feed this process's users. Raises NotReady, NotLetIn and NoAnswer."""
    options, kind = load.options, _kind_of_feed(environment, load)
    if kind == "dag-runs":
        rest = Rest(load.line(), options.dag)
        load.feed = DagRunFeed(rest, rest.open())
    elif kind == "admin":
        load.queue = options.queue or own_queue()
        line = Line(load, host=options.admin or load.hosts[0], timeout=60.0)
        load.feed = AdminFeed(line, load.queue)
        seed_content(line)
    else:
        index, of = _share(environment)
        load.feed = GivenWork(options.workloads, index=index, of=of)


def _share(environment: Environment) -> tuple[int, int]:
    """Which process this is, and of how many: they share what there is only once."""
    if isinstance(environment.runner, WorkerRunner):
        parsed: Any = environment.parsed_options
        return max(0, environment.runner.worker_index), max(1, parsed.load_processes)
    return 0, 1


def end(environment: Environment) -> None:
    """The load has ended."""
    if (beside := _BESIDE.pop(environment, None)) is not None:
        beside.kill(block=False)
    if (load := _LOADS.get(environment)) is not None:
        load.witness.close()


def report(environment: Environment, data: dict[str, Any]) -> None:
    """A worker of Locust's tells its master."""
    if (load := _LOADS.get(environment)) is not None:
        data["load"] = report_of(load)


def take_report(environment: Environment, client: str, data: dict[str, Any]) -> None:
    """The master hears it."""
    if "load" in data and environment in _OUTCOMES:
        _OUTCOMES[environment].take(client, data["load"])


def conclude(environment: Environment) -> None:
    """The process ends: tell the outcome, and set the exit code."""
    if isinstance(environment.runner, WorkerRunner):
        environment.process_exit_code = 0  # the master judges
        return
    if environment.process_exit_code is not None or environment not in _OUTCOMES:
        return
    outcome = _OUTCOMES[environment]
    if environment in _LOADS:
        outcome.take("0", report_of(_LOADS[environment]))
    summary = outcome.summary()
    sys.stdout.write(tell(summary))
    parsed: Any = environment.parsed_options
    environment.process_exit_code = summary["exit_code"]
    if name := parsed.results:
        try:
            Path(name).write_text(json.dumps(summary, indent=1) + "\n", encoding="utf-8")
        except OSError as error:
            sys.stderr.write(f"loadtests: --results {name} cannot be written: {error.strerror}\n")
            environment.process_exit_code = NOT_WRITTEN
