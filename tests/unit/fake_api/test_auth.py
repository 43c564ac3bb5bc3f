"""Who may call what, and when a token is refreshed."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import jwt
import pytest

from fake_api import Settings, mint_workload_token
from fake_api.auth import (
    AuthError,
    BadSubjectError,
    Claims,
    Tokens,
    authorize_edge,
    authorize_execution,
)

NOW = datetime(2026, 1, 1, tzinfo=UTC)
SECONDS = int(NOW.timestamp())
TI = str(UUID(int=1))
SETTINGS = Settings()
ERROR_ID = UUID(int=2)


def token(*, secret: str = SETTINGS.jwt_secret, **claims: Any) -> str:
    usual = {"sub": TI, "aud": SETTINGS.jwt_audience, "iat": SECONDS, "nbf": SECONDS, "exp": SECONDS + 600}
    return jwt.encode({k: v for k, v in (usual | claims).items() if v is not None}, secret, "HS512")


def allow(authorization: str | None, *, at: datetime = NOW, **guard: Any) -> Claims:
    guard = {"scopes": ("execution",), "subject": TI} | guard
    return authorize_execution(Tokens(SETTINGS), authorization=authorization, now=at, **guard)


def refusal(authorization: str | None, **guard: Any) -> tuple[int, str]:
    with pytest.raises(AuthError) as caught:
        allow(authorization, **guard)
    return caught.value.status, caught.value.detail


@pytest.mark.parametrize("authorization", [None, "", "Basic abc", "Bearer", "Bearer "])
def test_no_token_is_401(authorization: str | None) -> None:
    assert refusal(authorization) == (401, "Missing auth token")


@pytest.mark.parametrize(
    "claims",
    [
        {"secret": "x" * 64},
        {"exp": SECONDS - 10},
        {"nbf": SECONDS + 11},
        {"iat": SECONDS + 11},
        {"aud": "other"},
        {"aud": None},
        {"exp": None},
        {"iat": None},
    ],
)
def test_whatever_is_wrong_with_a_token_is_403(claims: dict[str, Any]) -> None:
    assert refusal(f"Bearer {token(**claims)}") == (403, "Invalid auth token")


@pytest.mark.parametrize(
    "claims", [{"exp": SECONDS - 9}, {"nbf": SECONDS + 10}, {"iat": SECONDS + 10}, {"nbf": None}]
)
def test_ten_seconds_of_skew_are_forgiven(claims: dict[str, Any]) -> None:
    assert allow(f"Bearer {token(**claims)}").owner == TI


def test_a_token_that_was_good_expires() -> None:
    tokens = Tokens(SETTINGS)
    good = token()
    assert tokens.execution(good, NOW + timedelta(seconds=609))
    assert tokens.execution(good, NOW + timedelta(seconds=610)) is None


def test_a_token_without_scope_is_an_execution_token() -> None:
    assert allow(f"Bearer {token(scope=None)}").scope is None


def test_a_workload_token_is_for_run_only() -> None:
    workload = f"Bearer {mint_workload_token(SETTINGS, UUID(int=1), NOW)}"
    assert refusal(workload) == (
        403,
        "Token type 'workload' not allowed for this endpoint. Allowed types: execution",
    )
    assert allow(workload, scopes=("execution", "workload")).scope == "workload"


def test_a_workload_token_lives_as_long_as_a_task_may_be_queued() -> None:
    workload = f"Bearer {mint_workload_token(Settings(task_queued_timeout=60), UUID(int=1), NOW)}"
    claims = allow(workload, scopes=("workload",))
    assert claims.exp - claims.iat == 60


def test_a_task_speaks_for_itself_alone() -> None:
    assert refusal(f"Bearer {token()}", subject=str(UUID(int=2))) == (
        403,
        "Token subject does not match task instance ID",
    )
    assert allow(f"Bearer {token()}", subject=None).owner == TI


def test_an_unknown_scope_is_told_as_pydantic_tells_it() -> None:
    status, detail = refusal(f"Bearer {token(scope='admin')}")
    assert status == 403
    assert detail.startswith("Invalid auth token: 1 validation error for TIClaims\nscope\n")


@pytest.mark.parametrize("sub", [None, "somebody"])
def test_a_subject_that_is_no_uuid_is_the_servers_error(sub: str | None) -> None:
    with pytest.raises(BadSubjectError):
        allow(f"Bearer {token(sub=sub)}")


@pytest.mark.parametrize(
    ("lifetime", "left", "due"),
    [
        (600, 121, False),
        (600, 120, True),
        (600, 125, False),
        (60, 31, False),
        (60, 30, True),
        (600, -5, True),
    ],
)
def test_a_token_is_refreshed_in_its_last_fifth_or_last_30_seconds(
    lifetime: int, left: int, due: bool
) -> None:
    exp = SECONDS + left
    claims = Claims(exp=exp, iat=exp - lifetime, nbf=None, sub=TI, owner=TI, scope=None, method=None)
    assert claims.refresh_due_at(SECONDS) is due


def edge(method: str = "worker/w1", **claims: Any) -> str:
    return token(**{"sub": None, "aud": "api", "method": method, "exp": SECONDS + 10} | claims)


def edge_allows(authorization: str) -> bool:
    try:
        authorize_edge(
            Tokens(SETTINGS),
            authorization=authorization,
            method="worker/w1",
            now=NOW,
            error_id=lambda: ERROR_ID,
        )
    except AuthError as error:
        return error.status != 403 or str(ERROR_ID) not in error.detail
    return True


@pytest.mark.parametrize(
    ("authorization", "allowed"),
    [
        (edge(), True),
        (edge(exp=SECONDS - 9), True),
        (edge(iat=SECONDS + 10, nbf=SECONDS + 10), True),
        (edge(exp=SECONDS - 10), False),
        (edge(iat=SECONDS + 11), False),
        (edge(method="worker/w2"), False),
        (edge(method=""), False),
        (edge(nbf=None), False),
        (edge(aud=SETTINGS.jwt_audience), False),
        (f"Bearer {edge()}", False),
        ("garbage", False),
    ],
)
def test_an_edge_token_is_for_one_path_and_ten_seconds(authorization: str, allowed: bool) -> None:
    assert edge_allows(authorization) is allowed


def test_a_short_secret_is_refused_with_the_way_out() -> None:
    with pytest.raises(ValueError, match="needs at least 64"):
        Settings(jwt_secret="short")
