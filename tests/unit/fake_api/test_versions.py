"""What the header that picks a version of the Execution API may say."""

from typing import Any

import pytest

from fake_api.versions import NEWEST, RELEASED, closest
from tests.unit.fake_api.client import Api
from tests.unit.fake_api.world import World

NOT_FOUND = {"detail": "Not Found"}
NOT_A_DATE = "Input should be a valid date or datetime, input is too short"
NOT_EXACT = "Datetimes provided to dates should have zero time - e.g. be exact dates"


@pytest.mark.parametrize(
    ("header", "version"),
    [
        *((each, each) for each in RELEASED),
        ("2025-04-12", "2025-04-11"),
        ("2026-06-29", "2026-04-06"),
        ("2099-01-01", NEWEST),
        ("20250412", "2025-11-05"),
        ("tomorrow", NEWEST),
        ("2025-04-10", None),
        ("1751328000", None),
        ("", None),
    ],
)
def test_a_header_gets_the_newest_version_whose_text_is_not_after_it(
    header: str, version: str | None
) -> None:
    assert closest(header) == version


@pytest.mark.parametrize(
    ("header", "anyone", "tokenless", "nowhere"),
    [
        *((each, 200, 401, 404) for each in (None, *RELEASED)),
        *((each, 200, 401, 404) for each in ("2025-04-12", "2025-12-01", "2099-01-01")),
        *((each, 200, 401, 404) for each in ("86400", "2025-06-01T00:00:00")),
        *((each, 404, 404, 404) for each in ("", "2025-04-10", "0abc", "1751328000")),
        *(
            (each, 422, 401, 404)
            for each in ("abc", "2025-4-12", "20260701", "2025-13-01", "2025-06-01T10:00")
        ),
    ],
)
def test_a_header_is_looked_at_after_the_route_and_the_token(
    api: Api, header: str | None, anyone: int, tokenless: int, nowhere: int
) -> None:
    """Measured on the real server: a route that needs no token, one that does, and none at all."""
    asked = Api(api.world, scope="", version=header)
    assert [asked.get(path).status for path in ("/health", "/variables/v", "/nothing")] == [
        anyone,
        tokenless,
        nowhere,
    ]


@pytest.mark.parametrize(
    ("header", "error"),
    [
        (
            "abc",
            {"type": "date_from_datetime_parsing", "msg": NOT_A_DATE, "ctx": {"error": "input is too short"}},
        ),
        ("20250412", {"type": "date_from_datetime_inexact", "msg": NOT_EXACT}),
    ],
)
def test_what_is_no_date_is_told_with_its_place(api: Api, header: str, error: dict[str, Any]) -> None:
    where = {"loc": ["header", "Airflow-API-Version"], "input": header}
    assert api.at(header).get("/variables/v").detail == [error | where]


@pytest.mark.parametrize("header", [None, "2026-04-06", "2025-04-12", "abc", "1999-01-01", ""])
def test_every_reply_echoes_the_header(api: Api, header: str | None) -> None:
    assert api.at(header).get("/health").headers["airflow-api-version"] == (
        NEWEST if header is None else header
    )


@pytest.mark.parametrize("version", RELEASED)
def test_a_fresh_token_and_the_correlation_id_come_in_every_version(world: World, version: str) -> None:
    api = Api(world, version=version)
    token = world.state.tokens.mint(sub=str(api.subject), scope="execution", now=world.at)
    world.after(590)
    headers = {"authorization": f"Bearer {token}", "correlation-id": "abc", "airflow-api-version": version}
    answered = api.call("GET", "/variables/v", headers=headers).headers
    assert answered["correlation-id"] == "abc"
    assert answered["refreshed-api-token"] != token


def test_the_pages_about_the_api_need_a_call_without_version(api: Api) -> None:
    """With one there is the document alone, of that version or of the one that the query names."""
    pages = ("/docs", "/docs?version=2025-04-11", "/redoc", "/changelog", "/docs/oauth2-redirect")
    assert {api.call("GET", page).status for page in pages} == {200}
    assert {api.at(NEWEST).call("GET", page).status for page in pages} == {404}
    assert api.get("/openapi.json").detail == "OpenApi file of with version `None` not found"
    old = api.at("2025-04-11")
    assert old.get("/openapi.json").body["info"]["version"] == "2025-04-11"
    assert old.get("/openapi.json", version="2026-04-06").body["info"]["version"] == "2026-04-06"
