"""Edge workers with tokens of an identity provider. The table's answers are those of a real server of Airflow 3.3.2."""

import asyncio
import json
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import jwt
import pytest

from fake_api import Settings
from fake_api.auth import AuthError, generate_key, pem_key
from fake_api.auth.oidc import WorkerIdentities, WorkerTokenContext, only_as_oneself
from tests.unit.fake_api.edge_client import Edge
from tests.unit.fake_api.world import START, SYSINFO, World

NOW = int(START.timestamp())
KEYS = {"k-rsa": generate_key("RSA"), "k-ed": generate_key("Ed25519"), "stranger": generate_key("RSA")}
ALGORITHMS = {"k-rsa": "RS256", "k-ed": "EdDSA", "stranger": "RS256"}


@pytest.fixture
def jwks(tmp_path: Path) -> str:
    """The provider's public keys, as a file."""
    trusted = [pem_key(KEYS[kid], kid=kid).jwk for kid in ("k-rsa", "k-ed")]
    path = tmp_path / "jwks.json"
    path.write_text(json.dumps({"keys": trusted}))
    return str(path)


def token(key: str = "k-rsa", *, kid: str | None = "", algorithm: str | None = None, **claims: Any) -> str:
    """A token of the provider; a claim of value `...` is left out."""
    said = {"iss": "https://idp", "aud": "edge", "sub": "w1", "iat": NOW, "exp": NOW + 300} | claims
    kept = {name: value for name, value in said.items() if value is not ...}
    headers = {"kid": kid or key} if kid is not None else None
    return jwt.encode(kept, KEYS[key], algorithm or ALGORITHMS[key], headers=headers)


def status(world: World, sent: str, path: str = "worker/w1") -> int:
    return Edge(world).work("PATCH", path, {"state": "idle", "sysinfo": SYSINFO}, authorization=sent).status


#: What a token is like, and whether it opens: 404 says so, for there is no such worker.
OPENS = [
    ({}, 404),
    ({"key": "k-ed"}, 404),
    ({"aud": ["x", "edge"]}, 404),
    ({"method": "another/path"}, 404),
    ({"sub": ...}, 404),
    ({"exp": NOW - 20}, 404),
    ({"iat": NOW + 20}, 404),
    ({"exp": NOW - 40}, 403),
    ({"iat": NOW + 60}, 403),
    ({"nbf": NOW + 60}, 403),
    ({"exp": ...}, 403),
    ({"iat": ...}, 403),
    ({"iss": "https://other"}, 403),
    ({"iss": ...}, 403),
    ({"aud": "api"}, 403),
    ({"aud": ...}, 403),
    ({"aud": ""}, 403),
    ({"kid": None}, 403),
    ({"kid": "unknown"}, 403),
    ({"key": "stranger", "kid": "k-rsa"}, 403),
    ({"key": "k-ed", "kid": "k-rsa"}, 403),
    ({"algorithm": "RS512"}, 403),
]


@pytest.mark.parametrize(("said", "expected"), OPENS, ids=[str(said) for said, _ in OPENS])
def test_a_token_opens_if_signature_issuer_audience_and_times_are_right(
    jwks: str, said: dict[str, Any], expected: int
) -> None:
    settings = Settings(
        edge_trusted_jwks_url=jwks,
        edge_jwt_issuer="https://idp",
        edge_jwt_audience="edge",
        edge_jwt_algorithm="RS256, EdDSA",
    )
    assert status(World(settings=settings), token(**said)) == expected


@pytest.mark.parametrize(
    ("said", "expected"),
    [({"aud": ...}, 404), ({"aud": ""}, 404), ({"aud": "edge"}, 403), ({"key": "k-ed", "aud": ...}, 403)],
)
def test_without_an_audience_only_tokens_without_one_open_and_only_rs256_is_trusted(
    jwks: str, said: dict[str, Any], expected: int
) -> None:
    settings = Settings(edge_trusted_jwks_url=jwks, edge_jwt_issuer="https://idp")
    assert status(World(settings=settings), token(**said)) == expected


def test_one_token_opens_all_paths_and_the_shared_secret_none(jwks: str) -> None:
    world = World(settings=Settings(edge_trusted_jwks_url=jwks, edge_jwt_issuer="https://idp"))
    sent = token(aud=...)
    assert [status(world, sent, path) for path in ("worker/w1", "worker/queues/w1")] == [404, 422]
    assert status(world, Edge(world).token("worker/w1")) == 403


@pytest.mark.parametrize(
    ("sub", "expected"), [("w1", 404), ("w2", 403), (..., 403)], ids=["its own", "another's", "nobody's"]
)
def test_each_worker_may_have_a_token_of_its_own(jwks: str, sub: Any, expected: int) -> None:
    settings = Settings(edge_trusted_jwks_url=jwks, edge_jwt_verifier=only_as_oneself)
    assert status(World(settings=settings), token(aud=..., sub=sub)) == expected


@pytest.mark.parametrize(
    ("method", "authorized"),
    [
        ("worker/w1", True),
        ("worker/w2", False),
        ("worker/queues/w2", False),
        ("jobs/fetch/w1", True),
        ("jobs/fetch/w2", False),
        ("jobs/state/dag/task/run/1/-1/success", True),
        ("logs/push/dag/task/run/1/-1", True),
    ],
)
def test_a_worker_acts_as_itself_and_reports_on_any_job(method: str, authorized: bool) -> None:
    said = only_as_oneself({"sub": "w1"}, WorkerTokenContext(method))
    assert said["authorized"] is authorized


def fails(_claims: Any, _context: Any) -> Any:
    raise RuntimeError


@pytest.mark.parametrize(
    "verifier",
    [lambda _claims, _context: None, lambda _claims, _context: {"authorized": False}, fails],
    ids=["says nothing", "says no", "fails"],
)
def test_a_verifier_that_does_not_say_yes_refuses(jwks: str, verifier: Any) -> None:
    settings = Settings(edge_trusted_jwks_url=jwks, edge_jwt_verifier=verifier)
    assert status(World(settings=settings), token(aud=...)) == 403


def test_a_verifier_can_be_named_by_its_import_path(jwks: str) -> None:
    named = "fake_api.auth.oidc.only_as_oneself"
    settings = Settings.from_environment(
        {"AIRFLOW__EDGE__TRUSTED_JWKS_URL": jwks, "AIRFLOW__EDGE__JWT_VERIFIER": named}
    )
    assert status(World(settings=settings), token(aud=..., sub="w2")) == 403


def test_keys_at_a_url_are_fetched_before_they_are_needed_and_again_after_an_hour() -> None:
    settings = Settings(edge_trusted_jwks_url="https://idp/keys", edge_jwt_issuer="https://idp")
    identities, asked, served = WorkerIdentities(settings), [], ["k-rsa"]

    async def fetch(url: str) -> Any:
        asked.append(url)
        return {"keys": [pem_key(KEYS[kid], kid=kid).jwk for kid in served]}

    def opens(seconds: float) -> bool:
        now = START + timedelta(seconds=seconds)
        asyncio.run(identities.refresh_keys(now, fetch))
        sent = token(aud=..., exp=NOW + 9999)
        try:
            return bool(identities.authorize(authorization=sent, method="x", now=now, error_id=uuid4))
        except AuthError:
            return False

    assert identities.fetches_keys
    with pytest.raises(AuthError):
        identities.authorize(authorization=token(aud=...), method="x", now=START, error_id=uuid4)
    assert [opens(0), opens(3600)] == [True, True]
    served[:] = ["stranger"]
    assert [opens(3600), opens(3601)] == [True, False]
    assert asked == ["https://idp/keys"] * 2


@pytest.mark.parametrize(
    ("settings", "fix"),
    [
        ({}, "edge_jwt_verifier must be set"),
        ({"edge_jwt_verifier": "no.such.function"}, "give the import path of a function"),
    ],
)
def test_a_mode_that_cannot_work_is_refused_at_once(settings: dict[str, Any], fix: str) -> None:
    with pytest.raises(ValueError, match=fix):
        WorkerIdentities(Settings(edge_trusted_jwks_url="jwks.json", **settings))


def test_the_record_says_whose_token_it_was(jwks: str) -> None:
    world = World(settings=Settings(edge_trusted_jwks_url=jwks, edge_jwt_issuer="https://idp"))
    status(world, token(aud=...))
    status(world, token(aud=..., exp=NOW - 60))
    assert [(each.who, each.decision, each.why) for each in world.state.audit] == [
        ("w1", "allowed", "a token of the identity provider"),
        ("w1", "denied", "the token has expired"),
    ]
