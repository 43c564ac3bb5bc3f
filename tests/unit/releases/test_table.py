"""The table of releases, and what is made of a name that is not in it."""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path

import pytest

from harness.errors import BadParameter, NotInstallable
from harness.releases import releases
from harness.releases.expected import COLUMNS
from harness.releases.table import TABLE, install

ROOT = Path(__file__).parents[3]


def test_the_packages_table_is_the_one_in_ci() -> None:
    assert TABLE.resolve() == ROOT / "ci" / "versions.toml"


def test_the_table_has_a_release_of_every_series_oldest_first() -> None:
    assert [row.sdk for row in releases()] == ["1.0.6", "1.1.8", "1.2.2", "1.3.2"]


@pytest.mark.parametrize("row", releases(), ids=lambda row: row.sdk)
def test_a_row_that_changes_the_server_says_why(row) -> None:
    assert bool(row.server) == bool(row.why)


def test_a_release_is_installed_with_its_core_and_its_pins() -> None:
    (row,) = releases(["1.0.6"])
    assert row.requirements[:2] == ("apache-airflow-task-sdk==1.0.6", "apache-airflow-core==3.0.6")
    assert all("==" in each for each in row.requirements)


@pytest.mark.parametrize(
    ("sdk", "row"), [("1.0.2", "1.0.6"), ("1.1.0", "1.1.5"), ("1.1.6", "1.1.8"), ("1.3.9", "1.3.2")]
)
def test_a_release_without_a_row_is_run_as_the_next_of_its_series(sdk: str, row: str) -> None:
    (release,), (like,) = releases([sdk]), releases([row])
    assert release == replace(like, sdk=sdk, core=None)
    assert release.requirements[:2] == (f"apache-airflow-task-sdk=={sdk}", "apache-airflow-core")


def test_a_row_on_demand_is_run_only_when_it_is_named() -> None:
    assert "1.1.5" not in [row.sdk for row in releases()]
    assert [row.core for row in releases(["1.1.5"])] == ["3.1.5"]


@pytest.mark.parametrize(("sdk", "label"), [("1.0.0", None), ("1.0.1", "number 3"), ("1.3.2", "number 3")])
def test_a_label_is_expected_of_those_releases_that_tell_it(sdk: str, label: str | None) -> None:
    (row,) = releases([sdk])
    assert COLUMNS["mapped"][0].of(row.version).label == label


def test_a_release_named_twice_is_run_once_and_in_the_order_given() -> None:
    assert [row.sdk for row in releases(["1.3.2", "1.0.6", "1.3.2"])] == ["1.3.2", "1.0.6"]


@pytest.mark.parametrize("name", ["1.0", "v1.0.6", "2.0.0", "latest", "", "1.0.6; import os", "-1.0.6"])
def test_what_is_no_release_of_a_known_series_is_refused_with_those_that_are(name: str) -> None:
    with pytest.raises(BadParameter, match=r"name releases of the Task SDK such as 1\.0\.6"):
        releases([name])


def test_a_release_that_no_python_here_runs_names_those_that_would() -> None:
    (row,) = releases(["1.0.6"])
    with pytest.raises(NotInstallable, match=r"runs on Python 2\.6 up to but not 2\.7"):
        install(replace(row, python=((2, 6), (2, 7))))


def test_the_python_that_runs_us_is_taken_where_it_fits() -> None:
    newest = releases()[-1]
    assert newest.python[0] <= sys.version_info[:2]
