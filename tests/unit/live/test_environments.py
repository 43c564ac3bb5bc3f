"""Environments that hold what was published until a day."""

from __future__ import annotations

from pathlib import Path

import pytest

from harness.errors import NotInstallable
from harness.live.environments import CACHE_VARIABLE, environment


def test_without_uv_nobody_knows_what_was_published_until_a_day(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(CACHE_VARIABLE, str(tmp_path))
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(
        NotInstallable, match="published until 2025-11-06 is known to uv only: `pip install uv`"
    ):
        environment("anything==1.0", before="2025-11-06")
    assert not list(tmp_path.glob("environments/*/complete.json"))
