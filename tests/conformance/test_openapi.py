"""In every version the fake documents the API that the installed Airflow documents."""

import pytest

from fake_api.versions import RELEASED
from tests.conformance.documents import fake_documents, flat, real_documents

pytest.importorskip("airflow.api_fastapi", reason="needs Airflow's server: pip install '.[airflow]'")

#: Differences that are meant: a path that begins so, and why.
DIVERGENCES: dict[str, str] = {}


@pytest.mark.parametrize("version", RELEASED)
def test_the_fake_documents_what_airflow_does(version: str) -> None:
    """Operations, parameters, bodies, replies, and every schema by its name."""
    real, fake = dict(flat(real_documents()[version])), dict(flat(fake_documents()[version]))
    differing = {
        path: {"airflow": real.get(path), "fake": fake.get(path)}
        for path in sorted(real.keys() | fake.keys())
        if real.get(path) != fake.get(path) and not path.startswith(tuple(DIVERGENCES))
    }
    assert differing == {}


def test_every_meant_difference_still_is_one() -> None:
    seen = {
        path
        for version in RELEASED
        for path, _ in set(_hashable(real_documents()[version])) ^ set(_hashable(fake_documents()[version]))
    }
    assert [each for each in DIVERGENCES if not any(path.startswith(each) for path in seen)] == []


def _hashable(document):
    return [(path, repr(value)) for path, value in flat(document)]


def test_the_documents_are_of_substance() -> None:
    """An empty comparison would pass as well: there are 36 operations in the first version, 55 in the last."""
    paths = [real_documents()[version]["paths"] for version in (RELEASED[0], RELEASED[-1])]
    assert [sum(map(len, each.values())) for each in paths] == [36, 55]
