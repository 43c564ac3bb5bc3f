"""The released server of the session: set up once, played once, compared many times."""

from collections.abc import Iterator
from contextlib import closing

import pytest

from harness.conformance.arms import Observation, play
from harness.conformance.faking import FakeArm
from harness.conformance.released import ReleasedArm
from harness.conformance.suite import CASES
from harness.errors import NotInstallable
from harness.live.servers import ApiServer, api_server

Observations = dict[str, Observation]


@pytest.fixture(scope="session")
def released() -> Iterator[Observations]:
    """What a released server over SQLite answers to the whole suite."""
    try:
        with api_server() as server, closing(ReleasedArm(server)) as arm:
            yield {case.name: play(case, arm) for case in CASES}
    except NotInstallable as error:
        pytest.skip(f"no released server: {error}")


@pytest.fixture(scope="session")
def released_over_postgres() -> Iterator[ApiServer]:
    """A released server over PostgreSQL, which locks rows where SQLite locks all."""
    try:
        with api_server(database="postgres") as server:
            yield server
    except NotInstallable as error:
        pytest.skip(f"no released server over PostgreSQL: {error}")


@pytest.fixture(scope="session")
def faked() -> Observations:
    """What the fake answers to the whole suite, as over SQLite."""
    with FakeArm(database="sqlite") as arm:
        return {case.name: play(case, arm) for case in CASES}
