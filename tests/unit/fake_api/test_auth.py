"""Who may call what, and when a token is refreshed."""

import json
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
    InvalidTokenError,
    Tokens,
    authorize_edge,
    authorize_execution,
)

NOW = datetime(2026, 1, 1, tzinfo=UTC)
SECONDS = int(NOW.timestamp())
TI = str(UUID(int=1))
SETTINGS = Settings()
ERROR_ID = UUID(int=2)


#: For a claim: that there is none, where None is JSON's null.
ABSENT = object()


def token(*, secret: str = SETTINGS.jwt_secret, **claims: Any) -> str:
    usual = {"sub": TI, "aud": SETTINGS.jwt_audience, "iat": SECONDS, "nbf": SECONDS, "exp": SECONDS + 600}
    payload = {name: value for name, value in (usual | claims).items() if value is not ABSENT}
    # PyJWT's encode checks some claims, which is what a forger would not do
    return jwt.PyJWS().encode(json.dumps(payload).encode(), secret, "HS512")


def allow(
    authorization: str | None, *, at: datetime = NOW, settings: Settings = SETTINGS, **guard: Any
) -> Claims:
    guard = {"scopes": ("execution",), "subject": TI} | guard
    return authorize_execution(Tokens(settings), authorization=authorization, now=at, **guard)


def refusal(authorization: str | None, **guard: Any) -> tuple[int, str]:
    with pytest.raises(AuthError) as caught:
        allow(authorization, **guard)
    return caught.value.status, caught.value.detail


@pytest.mark.parametrize("authorization", [None, "", "Basic abc", "Bearer", "Bearer "])
def test_no_token_is_401(authorization: str | None) -> None:
    assert refusal(authorization) == (401, "Missing auth token")


@pytest.mark.parametrize(
    ("claims", "why"),
    [
        ({"secret": "x" * 64}, "the signature is wrong"),
        ({"exp": SECONDS - 10}, "the token has expired"),
        ({"nbf": SECONDS + 11}, "the token is not valid yet"),
        ({"iat": SECONDS + 11}, "the token is not valid yet"),
        ({"aud": "other"}, "the token is for another audience"),
        ({"aud": ["other", 1, SETTINGS.jwt_audience]}, "the token is for another audience"),
        ({"aud": ABSENT}, "claim aud is missing"),
        ({"exp": ABSENT}, "claim exp is missing"),
        ({"exp": None}, "claim exp is missing"),
        ({"exp": "soon"}, "claim exp is no number"),
        ({"iat": ABSENT}, "claim iat is missing"),
        ({"nbf": None}, "claim nbf is no number"),
        ({"sub": 7}, "claim sub is no string"),
        ({"jti": 7}, "claim jti is no string"),
    ],
)
def test_whatever_is_wrong_with_a_token_is_403_and_the_record_says_what(
    claims: dict[str, Any], why: str
) -> None:
    with pytest.raises(AuthError) as caught:
        allow(f"Bearer {token(**claims)}")
    assert (caught.value.status, caught.value.detail) == (403, "Invalid auth token")
    assert caught.value.why == why


@pytest.mark.parametrize("garbage", ["x", "a.b.c", f"{token()}x", token(secret="y" * 64), "é", "." * 9])
def test_what_is_no_token_is_403_and_never_repeated(garbage: str) -> None:
    with pytest.raises(AuthError) as caught:
        allow(f"Bearer {garbage}")
    assert (caught.value.status, caught.value.detail) == (403, "Invalid auth token")
    assert caught.value.why in ("the token is malformed", "the signature is wrong")


def test_a_token_with_another_algorithm_is_refused() -> None:
    weak = jwt.encode({"sub": TI}, SETTINGS.jwt_secret, "HS256")
    unsigned = jwt.encode({"sub": TI}, None, "none")  # type: ignore[arg-type]
    assert refusal(f"Bearer {weak}") == refusal(f"Bearer {unsigned}") == (403, "Invalid auth token")


@pytest.mark.parametrize(
    "claims",
    [
        {"exp": SECONDS - 9},
        {"nbf": SECONDS + 10},
        {"iat": SECONDS + 10},
        {"nbf": ABSENT},
        {"aud": ["other", SETTINGS.jwt_audience]},
    ],
)
def test_ten_seconds_of_skew_are_forgiven(claims: dict[str, Any]) -> None:
    assert allow(f"Bearer {token(**claims)}").owner == TI


@pytest.mark.parametrize(
    ("leeway", "late", "good"), [(0, 0, False), (0, -1, True), (60, 59, True), (60, 60, False)]
)
def test_the_leeway_is_an_option(leeway: float, late: int, good: bool) -> None:
    settings = Settings(jwt_leeway=leeway)
    stale = f"Bearer {token(exp=SECONDS - late)}"
    if good:
        assert allow(stale, settings=settings).owner == TI
    else:
        assert refusal(stale, settings=settings) == (403, "Invalid auth token")


@pytest.mark.parametrize(("iss", "good"), [("https://me", True), ("https://you", False), (ABSENT, False)])
def test_where_there_is_an_issuer_every_token_has_to_be_its(iss: Any, good: bool) -> None:
    settings = Settings(jwt_issuer="https://me")
    if good:
        assert allow(f"Bearer {token(iss=iss)}", settings=settings).owner == TI
    else:
        assert refusal(f"Bearer {token(iss=iss)}", settings=settings) == (403, "Invalid auth token")
    minted = Tokens(settings).mint(sub=TI, scope=None, now=NOW)
    assert allow(f"Bearer {minted}", settings=settings).payload["iss"] == "https://me"


def test_of_several_audiences_each_is_accepted_and_the_first_is_minted() -> None:
    settings = Settings(jwt_audience="one, two")
    assert allow(f"Bearer {token(aud='two')}", settings=settings).owner == TI
    minted = Tokens(settings).mint(sub=TI, scope=None, now=NOW)
    assert allow(f"Bearer {minted}", settings=settings).payload["aud"] == "one"


def test_a_token_that_was_good_expires() -> None:
    tokens = Tokens(SETTINGS)
    good = token()
    assert tokens.execution(good, NOW + timedelta(seconds=609))
    with pytest.raises(InvalidTokenError, match="the token has expired"):
        tokens.execution(good, NOW + timedelta(seconds=610))


def test_a_token_without_scope_is_an_execution_token() -> None:
    assert allow(f"Bearer {token(scope=ABSENT)}").scope == "execution"


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


def test_the_scope_is_checked_before_the_subject_and_the_subject_before_nothing() -> None:
    """A token that is wrong in all ways is refused for its signature, then its scope, then its subject."""
    somebody = str(UUID(int=9))
    assert (
        refusal(f"Bearer {token(secret='x' * 64, scope='workload')}", subject=somebody)[1]
        == "Invalid auth token"
    )
    assert "not allowed" in refusal(f"Bearer {token(scope='workload')}", subject=somebody)[1]
    assert "does not match" in refusal(f"Bearer {token()}", subject=somebody)[1]
    assert refusal(f"Bearer {token()}", subject="no-uuid")[0] == 403


def test_a_task_speaks_for_itself_alone() -> None:
    assert refusal(f"Bearer {token()}", subject=str(UUID(int=2))) == (
        403,
        "Token subject does not match task instance ID",
    )
    assert allow(f"Bearer {token()}", subject=None).owner == TI


@pytest.mark.parametrize(
    ("scope", "kind"), [("admin", "str"), ("", "str"), (None, "NoneType"), (["execution"], "list")]
)
def test_an_unknown_scope_is_told_as_pydantic_tells_it(scope: Any, kind: str) -> None:
    status, detail = refusal(f"Bearer {token(scope=scope)}")
    assert status == 403
    assert detail.startswith("Invalid auth token: 1 validation error for TIClaims\nscope\n")
    assert f"[type=literal_error, input_value={scope!r}, input_type={kind}]" in detail


@pytest.mark.parametrize("sub", [ABSENT, "somebody"])
def test_a_subject_that_is_no_uuid_is_the_servers_error(sub: Any) -> None:
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
    claims = Claims(
        exp=exp, iat=exp - lifetime, nbf=None, sub=TI, owner=TI, scope=None, method=None, payload={}
    )
    assert claims.refresh_due_at(SECONDS) is due


def test_a_refreshed_token_says_what_the_old_one_said_for_longer() -> None:
    tokens = Tokens(SETTINGS)
    old = tokens.execution(token(scope=ABSENT, team="blue", exp=SECONDS + 20), NOW)
    new = tokens.execution(tokens.refreshed(old, NOW), NOW)
    assert {"sub": TI, "team": "blue", "exp": SECONDS + 600}.items() <= new.payload.items()
    assert "scope" not in new.payload
    assert old.payload.get("jti") != new.payload["jti"]


def edge(method: str = "worker/w1", **claims: Any) -> str:
    usual: dict[str, Any] = {"sub": ABSENT, "aud": "api", "method": method, "exp": SECONDS + 10}
    return token(**usual | claims)


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
        (edge(nbf=ABSENT), False),
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
