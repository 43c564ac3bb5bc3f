"""Somebody's own server: its URL, and what opens it."""

from __future__ import annotations

import pytest

from harness.cli import main
from harness.errors import BadParameter
from harness.live.deployment import Deployment


@pytest.mark.parametrize(
    ("url", "mend"),
    [
        ("https://airflow.example.org", "forward a local port"),
        ("http://localhost:8080/airflow", "forward a local port"),
        ("ftp://localhost", "forward a local port"),
        ("http://localhost:no", "is no URL"),
        ("http://someone:secret@localhost", "leave that out and set HARNESS_AIRFLOW_USERNAME"),
    ],
)
def test_a_url_that_the_relays_cannot_serve_is_refused(url: str, mend: str) -> None:
    with pytest.raises(BadParameter, match=mend) as told:
        Deployment.at(url, {})
    assert "secret" not in str(told.value)


def test_what_opens_it_is_read_from_the_environment_and_shown_nowhere() -> None:
    environ = {"HARNESS_AIRFLOW_TOKEN": "t0ken", "AIRFLOW__API_AUTH__JWT_SECRET": "s3cret"}
    deployment = Deployment.at("http://localhost:8080", environ)
    deployment.check_opened()
    assert "t0ken" not in repr(deployment)
    assert "s3cret" not in repr(deployment)


@pytest.mark.parametrize(
    ("environ", "missing"),
    [
        ({}, "HARNESS_AIRFLOW_USERNAME"),
        ({"HARNESS_AIRFLOW_USERNAME": "a"}, "HARNESS_AIRFLOW_PASSWORD"),
        ({"HARNESS_AIRFLOW_TOKEN": "t"}, "AIRFLOW__API_AUTH__JWT_SECRET"),
    ],
)
def test_what_is_missing_is_named(environ: dict[str, str], missing: str) -> None:
    with pytest.raises(BadParameter, match=missing):
        Deployment.at("http://localhost:8080", environ).check_opened()


@pytest.mark.parametrize(
    ("arguments", "mend"),
    [
        (["--world", "live", "--server", "http://u:p@localhost"], "leave the user out"),
        (["--world", "live", "--server", "airflo"], "choose one of fake, airflow"),
        (["--server", "airflow"], "take --world live"),
    ],
)
def test_a_server_that_cannot_be_is_refused_in_one_line(
    arguments: list[str], mend: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["run", "quiet", "--no-store", *arguments]) == 64
    assert mend in capsys.readouterr().err
