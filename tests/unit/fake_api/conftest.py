"""A world per test."""

import pytest

from tests.unit.fake_api.world import World


@pytest.fixture
def world() -> World:
    return World()
