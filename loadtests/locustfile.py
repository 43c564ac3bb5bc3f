"""What Locust is told: our options, our shapes, and what to do when its events happen."""

from __future__ import annotations

import time
from typing import Any

from locust import LoadTestShape, events

from loadtests import session
from loadtests.options import add_options
from loadtests.shapes import SHAPES


class Shaped(LoadTestShape):
    """The shape that --shape names, over --run-time; Locust takes one shape class, and this is all of them."""

    use_common_options = True

    def tick(self) -> tuple[int, float] | None:
        """The users there should be now, and how fast they may come and go; None at the end."""
        assert self.runner is not None
        parsed: Any = self.runner.environment.parsed_options
        at = (time.perf_counter() - self.start_time) / float(parsed.run_time or session.RUN_TIME)
        if at >= 1:
            return None
        shape, most = SHAPES[parsed.shape], parsed.num_users or 1
        return max(1, round(shape.users(at) * most)), float(parsed.spawn_rate or most)


def _init(environment: Any, **_: Any) -> None:
    session.prepare(environment)
    # reports travel from Locust's workers to its master, and those two events do not name the environment
    events.report_to_master.add_listener(lambda client_id, data: session.report(environment, data))
    events.worker_report.add_listener(
        lambda client_id, data: session.take_report(environment, client_id, data)
    )


def _begin(environment: Any, **_: Any) -> None:
    session.begin(environment)


def _end(environment: Any, **_: Any) -> None:
    session.end(environment)


def _conclude(environment: Any, **_: Any) -> None:
    session.conclude(environment)


events.init_command_line_parser.add_listener(add_options)
events.init.add_listener(_init)
events.test_start.add_listener(_begin)
events.test_stop.add_listener(_end)
events.quitting.add_listener(_conclude)
