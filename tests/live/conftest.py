from __future__ import annotations

import pytest

from harness.errors import UsageError


@pytest.fixture(scope="session")
def docker_engine() -> None:
    """A Docker engine answers; a test that needs one is skipped with the reason where none does."""
    from harness.live.engine import connect

    try:
        connect().close()
    except UsageError as error:
        pytest.skip(str(error))
