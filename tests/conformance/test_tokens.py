"""Which token is good under which configuration: the fake and Airflow's own code say the same of every pair."""

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import UUID

import jwt
import pytest

from fake_api import Settings
from fake_api.auth import InvalidTokenError, Tokens, generate_key, hmac_key, pem_key

SUB = str(UUID(int=1))
SECRET, OTHER = "s" * 64, "o" * 64
Environ = Mapping[str, str]


def api_auth(**options: str) -> dict[str, str]:
    named = {f"AIRFLOW__API_AUTH__{name.upper()}": value for name, value in options.items()}
    return {"AIRFLOW__API_AUTH__JWT_SECRET": SECRET} | named


def configurations(folder: Path) -> dict[str, Environ]:
    """By name. Keys and JWKS are written into `folder`."""
    pems = {"rsa": generate_key("RSA"), "ed": generate_key(), "old": generate_key()}
    for name, pem in pems.items():
        (folder / name).write_bytes(pem)
    keys = {name: pem_key(pem) for name, pem in pems.items()}
    both = [keys["ed"].jwk, keys["old"].jwk, hmac_key(SECRET, kid="secret").jwk]
    (folder / "both").write_text(json.dumps({"keys": both}))
    (folder / "one").write_text(json.dumps({"keys": [keys["ed"].jwk]}))
    (folder / "empty").write_text(json.dumps({"keys": []}))
    (folder / "rs512").write_text(json.dumps({"keys": [keys["rsa"].jwk | {"alg": "RS512"}]}))

    def path(name: str) -> str:
        return str(folder / name)

    return {
        "secret": api_auth(),
        "another secret": api_auth(jwt_secret=OTHER),
        "a named secret": api_auth(jwt_kid="mine"),
        "HS384": api_auth(jwt_algorithm="HS384"),
        "RSA": api_auth(jwt_private_key_path=path("rsa")),
        "Ed25519": api_auth(jwt_private_key_path=path("ed")),
        "Ed25519 with a name": api_auth(jwt_private_key_path=path("ed"), jwt_kid="mine"),
        "the old key, both trusted": api_auth(
            jwt_private_key_path=path("old"), trusted_jwks_url=path("both")
        ),
        "the new key, both trusted": api_auth(jwt_private_key_path=path("ed"), trusted_jwks_url=path("both")),
        "the new key alone": api_auth(jwt_private_key_path=path("ed"), trusted_jwks_url=path("one")),
        "a secret in a JWKS": api_auth(jwt_kid="secret", trusted_jwks_url=path("both")),
        "EdDSA alone of a JWKS": api_auth(
            jwt_private_key_path=path("ed"), trusted_jwks_url=path("both"), jwt_algorithm="EdDSA"
        ),
        "a JWKS that names an algorithm": api_auth(
            jwt_private_key_path=path("rsa"), trusted_jwks_url=path("rs512"), jwt_algorithm="RS512"
        ),
        "a JWKS without keys": api_auth(trusted_jwks_url=path("empty")),
        "no JWKS": api_auth(trusted_jwks_url=path("nowhere")),
        "issuer": api_auth(jwt_issuer="https://me"),
        "audiences": api_auth()
        | {"AIRFLOW__EXECUTION_API__JWT_AUDIENCE": "mine, urn:airflow.apache.org:task"},
        "ten minutes of leeway": api_auth(jwt_leeway="600"),
    }


def odd_tokens(now: int) -> list[str]:
    """Tokens that no server mints, of the plain secret. Times are far enough from now to be judged later."""
    usual = {"sub": SUB, "aud": "urn:airflow.apache.org:task", "iat": now, "nbf": now, "exp": now + 600}
    changes: list[dict[str, Any]] = [
        {},
        {"exp": now - 35},
        {"exp": now - 3000},
        {"nbf": now + 3000},
        {"iat": now + 3000},
        {"exp": None},
        {"exp": "soon"},
        {"exp": str(now + 600)},
        {"exp": now + 600.5},
        {"nbf": None},
        {"aud": None},
        {"aud": "mine"},
        {"aud": ["x", "mine"]},
        {"aud": ["x", 1, "mine"]},
        {"aud": []},
        {"aud": "urn:airflow.apache.org:taskx"},
        {"sub": 7},
        {"sub": None},
        {"jti": 7},
        {"jti": None},
        {"iss": "https://me"},
        {"iss": "https://you"},
        {"iss": 7},
        {"scope": None},
    ]
    payloads = [usual | change for change in changes]
    payloads += [{name: value for name, value in usual.items() if name != left_out} for left_out in usual]
    signed = [jwt.PyJWS().encode(json.dumps(each).encode(), SECRET, "HS512") for each in payloads]
    crooked = [jwt.PyJWS().encode(text, SECRET, "HS512") for text in (b"[]", b"1", b"no json", b"\xff")]
    return [*signed, *crooked, "", "x", "a.b.c", signed[0] + "x", signed[0].rpartition(".")[0] + "."]


def fake_takes(tokens: Tokens, token: str, now: datetime) -> bool:
    try:
        tokens.execution(token, now)
    except InvalidTokenError:
        return False
    return True


@pytest.mark.live
def test_the_fake_takes_a_token_exactly_when_airflow_does(tmp_path: Path) -> None:
    now = datetime.now(UTC)
    environs = configurations(tmp_path)
    fakes = {name: Tokens(Settings.from_environment(environ)) for name, environ in environs.items()}
    minted = [each.mint(sub=SUB, scope="execution", now=now) for each in fakes.values()]
    tokens = [*minted, *odd_tokens(int(now.timestamp()))]
    answers = ask_airflow([{"environ": each, "tokens": tokens} for each in environs.values()], tmp_path)
    differences = [
        (name, position, token)
        for (name, fake), answer in zip(fakes.items(), answers, strict=True)
        for position, token in enumerate(tokens)
        if fake_takes(fake, token, now) is not answer["taken"][position]
    ]
    assert not differences
    taken = sum(sum(each["taken"]) for each in answers)
    assert taken > 40, "the comparison says little when Airflow takes nothing"
    for (name, fake), answer in zip(fakes.items(), answers, strict=True):
        own = tokens[list(fakes).index(name)]
        assert jwt.get_unverified_header(own) == jwt.get_unverified_header(answer["minted"]), name
        assert claims(own).keys() == claims(answer["minted"]).keys(), name
        assert fake_takes(fake, answer["minted"], datetime.now(UTC)) is fake_takes(fake, own, now), name


def claims(token: str) -> dict[str, Any]:
    return jwt.decode(token, options={"verify_signature": False})


def ask_airflow(questions: list[dict[str, Any]], home: Path) -> list[dict[str, Any]]:
    environ = {name: value for name, value in os.environ.items() if not name.startswith("AIRFLOW")}
    done = subprocess.run(
        [sys.executable, str(Path(__file__).with_name("real_tokens.py"))],
        input=json.dumps(questions),
        env=environ | {"AIRFLOW_HOME": str(home / "airflow"), "AIRFLOW__LOGGING__LOGGING_LEVEL": "ERROR"},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    lines = [line for line in done.stdout.splitlines() if line.startswith("ANSWERS ")]
    assert lines, done.stderr[-2000:]
    answers: list[dict[str, Any]] = json.loads(lines[-1].removeprefix("ANSWERS "))
    return answers
