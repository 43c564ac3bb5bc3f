"""The fake documents the edge app that the installed provider documents, and has its rules."""

import asyncio
from typing import Any

import httpx
import pytest

from fake_api import Settings, State, create_app
from fake_api.names import EdgeWorkerState
from fake_api.transitions.edge_workers import (
    UnreadableVersionError,
    VersionRejectedError,
    check_versions,
    redefine_comment,
    redefine_state,
)
from tests.conformance.documents import flat
from tests.conformance.edge_airflow import COMMENT_LENGTHS, DEMANDED, VERSIONS, provider

pytest.importorskip("airflow.providers.edge3", reason="needs the edge provider: pip install '.[airflow]'")

OURS = {"airflow_version": "3.3.2", "edge_provider_version": "5.1.0"}
#: Differences that are meant: a path that begins so, and why.
DIVERGENCES: dict[str, str] = {}


async def _fake_document() -> dict[str, Any]:
    transport = httpx.ASGITransport(create_app(State()))
    async with httpx.AsyncClient(transport=transport, base_url="http://fake") as client:
        document: dict[str, Any] = (await client.get("/edge_worker/openapi.json")).json()
        return document


def test_the_fake_documents_what_the_provider_does() -> None:
    """Operations, parameters, bodies, replies, logins, and every schema by its name."""
    real, fake = dict(flat(provider()["document"])), dict(flat(asyncio.run(_fake_document())))
    differing = {
        path: {"airflow": real.get(path), "fake": fake.get(path)}
        for path in sorted(real.keys() | fake.keys())
        if real.get(path) != fake.get(path) and not path.startswith(tuple(DIVERGENCES))
    }
    assert differing == {}


def test_the_document_is_of_substance() -> None:
    assert sum(map(len, provider()["document"]["paths"].values())) == 18


def test_every_reported_state_becomes_what_the_provider_makes_of_it() -> None:
    table = {
        f"{old} / {new}": redefine_state(old, new).value for old in EdgeWorkerState for new in EdgeWorkerState
    }
    assert table == provider()["redefine_state"]
    assert len(table) == 144


def test_every_comment_becomes_what_the_provider_makes_of_it() -> None:
    def text(mark: str, length: int | None) -> str | None:
        return None if length is None else mark * length

    table = {
        f"{state.value} / {old} / {new}": redefine_comment(state, text("a", old), text("b", new))
        for state in EdgeWorkerState
        for old in COMMENT_LENGTHS
        for new in COMMENT_LENGTHS
    }
    assert table == provider()["comments"]


def _checked(sysinfo: dict[str, Any], settings: Settings) -> bool | str | int:
    try:
        return check_versions(sysinfo, settings)
    except VersionRejectedError as refused:
        return str(refused)
    except UnreadableVersionError:
        return 500


def _demanding(key: str, minimum: str | None) -> Settings:
    if key == "airflow_version":
        return Settings(minimum_acceptable_core_version_for_workers=minimum)
    return Settings(minimum_acceptable_edge_version_for_workers=minimum)


def test_every_version_is_judged_as_by_the_provider() -> None:
    table = {
        f"{key} / {version!r} / {minimum}": _checked(OURS | {key: version}, _demanding(key, minimum))
        for key in OURS
        for version in VERSIONS
        for minimum in DEMANDED
    }
    real = provider()["versions"]
    assert {name: (said, real[name]) for name, said in table.items() if said != real[name]} == {}
    assert {500, True, False} <= set(real.values())


@pytest.mark.parametrize("count", range(3))
def test_a_worker_has_to_say_both_versions(count: int) -> None:
    sysinfo = dict(list(OURS.items())[:count])
    assert _checked(sysinfo, Settings()) == provider()["missing_versions"][count]


def test_the_states_are_the_providers() -> None:
    named = provider()["document"]["components"]["schemas"]["EdgeWorkerState"]["enum"]
    assert named == [state.value for state in EdgeWorkerState]
