"""Keys: which token is good with which of them, and what happens when they change."""

import asyncio
import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Literal
from uuid import UUID

import jwt
import pytest

from fake_api import Settings, State
from fake_api.auth import InvalidTokenError, SigningKey, Tokens, generate_key, hmac_key, pem_key
from tests.unit.fake_api.client import Api
from tests.unit.fake_api.world import World, token_of

NOW = datetime(2026, 1, 1, tzinfo=UTC)
TI = str(UUID(int=1))
ED, ED_NEW, RSA = generate_key(), generate_key(), generate_key("RSA")


def mint(tokens: Tokens) -> str:
    return tokens.mint(sub=TI, scope="execution", now=NOW)


def why(tokens: Tokens, token: str, at: datetime = NOW) -> str | None:
    """Why a token is refused, None when it is good."""
    try:
        assert tokens.execution(token, at).owner == TI
    except InvalidTokenError as error:
        return str(error)
    return None


def jwks(*keys: SigningKey) -> dict[str, Any]:
    return {"keys": [each.jwk for each in keys]}


@pytest.fixture
def private_key(tmp_path: Path) -> Callable[[bytes], str]:
    def write(pem: bytes) -> str:
        path = tmp_path / "key.pem"
        path.write_bytes(pem)
        return str(path)

    return write


@pytest.mark.parametrize(("pem", "algorithm"), [(ED, "EdDSA"), (RSA, "RS256")], ids=["EdDSA", "RS256"])
def test_a_private_key_signs_and_its_public_part_verifies(
    private_key: Callable[[bytes], str], pem: bytes, algorithm: str
) -> None:
    tokens = Tokens(Settings(jwt_private_key_path=private_key(pem)))
    token = mint(tokens)
    assert jwt.get_unverified_header(token) == {"typ": "JWT", "alg": algorithm, "kid": pem_key(pem).kid}
    assert why(tokens, token) is None
    assert (
        why(Tokens(Settings(jwt_private_key_path=private_key(ED_NEW))), token)
        == "the token's key is not trusted"
    )
    assert why(tokens, mint(Tokens(Settings()))) == "the token's key is not trusted"


@pytest.mark.parametrize(("algorithm", "good"), [("GUESS", True), ("HS512", True), ("HS384", False)])
def test_a_secret_signs_with_hs512_unless_told_otherwise(algorithm: str, good: bool) -> None:
    tokens = Tokens(Settings(jwt_algorithm=algorithm))
    assert why(tokens, mint(tokens)) is None
    assert (why(tokens, mint(Tokens(Settings()))) is None) is good


def test_with_one_secret_the_name_of_the_key_does_not_matter() -> None:
    assert jwt.get_unverified_header(mint(Tokens(Settings())))["kid"] == "not-used"
    assert why(Tokens(Settings()), mint(Tokens(Settings(jwt_kid="mine")))) is None


def test_the_thumbprint_is_the_standard_one_for_ed25519() -> None:
    """RFC 8037, A.3."""
    private = (
        "-----BEGIN PRIVATE KEY-----\nMC4CAQAwBQYDK2VwBCIEIJ1hsZ3v/VpguoRK9JLsLMREScVpezJpGXA7rAMcrn9g\n"
        "-----END PRIVATE KEY-----\n"
    )
    assert pem_key(private).kid == "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k"


def test_a_private_key_with_a_configured_name_is_not_trusted_without_a_jwks(
    private_key: Callable[[bytes], str], tmp_path: Path
) -> None:
    """As in Airflow, whose validator knows the key by its thumbprint alone."""
    path = private_key(ED)
    tokens = Tokens(Settings(jwt_private_key_path=path, jwt_kid="mine"))
    assert why(tokens, mint(tokens)) == "the token's key is not trusted"
    file = tmp_path / "jwks.json"
    file.write_text(json.dumps(jwks(pem_key(ED, kid="mine"))))
    tokens = Tokens(Settings(jwt_private_key_path=path, jwt_kid="mine", trusted_jwks_url=str(file)))
    assert why(tokens, mint(tokens)) is None


def test_a_token_without_a_kid_is_refused_where_there_are_several_keys(tmp_path: Path) -> None:
    secret = hmac_key("s" * 64, kid="a")
    file = tmp_path / "jwks.json"
    file.write_text(json.dumps(jwks(secret)))
    tokens = Tokens(Settings(jwt_secret="s" * 64, jwt_kid="a", trusted_jwks_url=str(file)))
    token = mint(tokens)
    assert why(tokens, token) is None
    claims = jwt.decode(token, options={"verify_signature": False})
    assert why(tokens, jwt.encode(claims, "s" * 64, "HS512")) == "the token names no key"


def test_a_public_key_is_no_secret_to_sign_with(private_key: Callable[[bytes], str]) -> None:
    """The classic confusion: an HMAC over the public key, under the key's name."""
    tokens = Tokens(Settings(jwt_private_key_path=private_key(RSA)))
    claims = jwt.decode(mint(tokens), options={"verify_signature": False})
    public = pem_key(RSA).jwk["n"]
    forged = jwt.encode(claims, public, "HS512", headers={"kid": pem_key(RSA).kid})
    assert why(tokens, forged) == "the algorithm is not the key's"


def test_a_jwks_file_is_read_when_it_is_needed_and_once(tmp_path: Path) -> None:
    file = tmp_path / "jwks.json"
    old, new = pem_key(ED), pem_key(ED_NEW)
    (tmp_path / "key.pem").write_bytes(ED)
    settings = Settings(jwt_private_key_path=str(tmp_path / "key.pem"), trusted_jwks_url=str(file))
    tokens = Tokens(settings)
    assert why(tokens, mint(tokens)) == "the trusted keys could not be read"
    for content in ("no json", "[]", '{"keys": []}'):
        file.write_text(content)
        assert why(tokens, mint(tokens)) == "the trusted keys could not be read"
    file.write_text(json.dumps(jwks(old)))
    assert why(tokens, mint(tokens)) is None
    file.write_text(json.dumps(jwks(new)))
    assert why(tokens, mint(tokens)) is None
    assert why(Tokens(settings), mint(tokens)) == "the token's key is not trusted"


class Issuer:
    """A server of a JWKS that can be away."""

    def __init__(self, *keys: SigningKey) -> None:
        self.keys = keys
        self.asked = 0
        self.is_up = True

    async def fetch(self, url: str) -> Any:
        assert url == "http://issuer/jwks"
        self.asked += 1
        if not self.is_up:
            raise OSError("away")
        return jwks(*self.keys)


@pytest.fixture
def remote(private_key: Callable[[bytes], str]) -> Tokens:
    return Tokens(Settings(jwt_private_key_path=private_key(ED), trusted_jwks_url="http://issuer/jwks"))


def test_a_remote_jwks_is_fetched_again_after_an_hour_and_its_new_keys_replace_the_old(
    remote: Tokens,
) -> None:
    issuer = Issuer(pem_key(ED))
    day = remote.mint(sub=TI, scope="execution", now=NOW, valid_for=86_400)

    def after(seconds: float) -> str | None:
        at = NOW + timedelta(seconds=seconds)
        asyncio.run(remote.refresh_keys(at, issuer.fetch))
        return why(remote, day, at)

    assert (after(0), issuer.asked) == (None, 1)
    issuer.keys = (pem_key(ED_NEW),)
    assert (after(3600), issuer.asked) == (None, 1)
    assert (after(3601), issuer.asked) == ("the token's key is not trusted", 2)
    issuer.keys = (pem_key(ED_NEW), pem_key(ED))
    assert (after(7202), issuer.asked) == (None, 3)


def test_while_the_issuer_is_away_the_known_keys_stay_and_it_is_asked_every_ten_seconds(
    remote: Tokens,
) -> None:
    issuer = Issuer(pem_key(ED))
    day = remote.mint(sub=TI, scope="execution", now=NOW, valid_for=86_400)
    asyncio.run(remote.refresh_keys(NOW, issuer.fetch))
    issuer.is_up = False
    for seconds, asked in [(3601, 2), (3605, 2), (3611, 2), (3612, 3), (3620, 3)]:
        asyncio.run(remote.refresh_keys(NOW + timedelta(seconds=seconds), issuer.fetch))
        assert (why(remote, day, NOW + timedelta(seconds=seconds)), issuer.asked) == (None, asked)


def test_before_the_first_answer_every_call_asks_and_every_token_is_refused(remote: Tokens) -> None:
    issuer = Issuer(pem_key(ED))
    issuer.is_up = False
    for asked in (1, 2, 3):
        asyncio.run(remote.refresh_keys(NOW, issuer.fetch))
        assert (why(remote, mint(remote)), issuer.asked) == ("the trusted keys could not be read", asked)


def test_keys_rotate_the_newest_signs_and_a_removed_one_is_refused() -> None:
    """A whole rotation in three steps, in which no token that is in use is refused too early."""
    old, new = pem_key(ED), hmac_key("n" * 64, kid="new")
    tokens = Tokens(Settings())
    tokens.rotate([old])
    first = mint(tokens)
    tokens.rotate([new, old])
    second = mint(tokens)
    assert jwt.get_unverified_header(second)["kid"] == "new"
    assert (why(tokens, first), why(tokens, second)) == (None, None)
    tokens.rotate([new])
    assert (why(tokens, first), why(tokens, second)) == ("the token's key is not trusted", None)


@pytest.mark.parametrize(
    "keys", [[], [hmac_key("a" * 64), hmac_key("b" * 64)]], ids=["none", "one name twice"]
)
def test_a_rotation_that_makes_no_sense_is_refused(keys: list[SigningKey]) -> None:
    with pytest.raises(ValueError, match="at least one key, and give each a kid"):
        Tokens(Settings()).rotate(keys)


def test_a_queued_workload_carries_a_token_of_the_newest_key(world: World) -> None:
    world.state.tokens.rotate([hmac_key("n" * 64, kid="new")])
    world.submit()
    assert jwt.get_unverified_header(token_of(world.job()))["kid"] == "new"


def test_a_server_with_a_remote_jwks_fetches_it_before_it_looks_at_a_token(tmp_path: Path) -> None:
    """Nobody listens there: every token is refused, and the server goes on."""
    key = tmp_path / "key.pem"
    key.write_bytes(ED)
    settings = Settings(jwt_private_key_path=str(key), trusted_jwks_url="http://127.0.0.1:1/jwks")
    api = Api(World(settings=settings))
    assert api.get("/variables/keys").status == 403
    assert api.get("/health").status == 200
    assert [each.why for each in api.world.state.audit] == ["the trusted keys could not be read"]


@pytest.mark.parametrize(
    ("content", "told"),
    [(None, "No such file or directory"), (b"garbage", "not a PEM-encoded private key")],
)
def test_a_private_key_that_cannot_be_read_is_told_by_its_path(
    tmp_path: Path, content: bytes | None, told: str
) -> None:
    path = tmp_path / "key.pem"
    if content:
        path.write_bytes(content)
    with pytest.raises(ValueError, match=f"jwt_private_key_path {path}: .*{told}"):
        State(settings=Settings(jwt_private_key_path=str(path)))


def test_a_file_address_is_refused_with_the_way_out() -> None:
    with pytest.raises(ValueError, match="give the path alone"):
        Settings(trusted_jwks_url="file:///etc/jwks.json")


@pytest.mark.parametrize("kind", ["Ed25519", "RSA"])
def test_a_generated_key_never_prints_its_private_part(kind: Literal["Ed25519", "RSA"]) -> None:
    key = pem_key(generate_key(kind))
    assert repr(key) == f"SigningKey(kid={key.kid!r}, algorithm={key.algorithm!r})"


def test_a_secret_with_the_algorithm_of_a_private_key_is_refused_at_once() -> None:
    with pytest.raises(ValueError, match="HS256, HS384, HS512"):
        Tokens(Settings(jwt_algorithm="RS256"))
