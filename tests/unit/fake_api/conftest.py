"""A world per test, and a caller of its Execution API."""

import pytest

from tests.unit.fake_api.client import Api
from tests.unit.fake_api.world import World


@pytest.fixture
def world() -> World:
    return World()


@pytest.fixture
def api(world: World) -> Api:
    return Api(world)
