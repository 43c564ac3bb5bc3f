"""A secret decides about a token alone, whatever tokens it has seen before."""

import jwt
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fake_api.auth.verifiers import OneSecret

SECRET = "s" * 64
TOKEN = jwt.encode({"sub": "a", "exp": 1}, SECRET, "HS512")
LETTERS = "AZaz09-_=+/. \n\0é"


def _decision(verifier: OneSecret, token: str) -> bytes | None:
    try:
        return verifier.payload(token)
    except (jwt.PyJWTError, ValueError):
        return None


@given(
    st.integers(0, len(TOKEN)),
    st.integers(0, 3),
    st.text(LETTERS, max_size=3),
)
def test_a_header_that_was_accepted_once_lets_no_bad_token_in(at: int, cut: int, put: str) -> None:
    token = TOKEN[:at] + put + TOKEN[at + cut :]
    warm = OneSecret(SECRET)
    assert warm.payload(TOKEN)
    assert _decision(warm, token) == _decision(OneSecret(SECRET), token)


@pytest.mark.parametrize("body", ["e30", "e31", "e30=", "e", "", "e3 0", "!!!!"])
def test_a_signed_payload_that_is_no_base64_is_judged_as_by_pyjwt(body: str) -> None:
    header, _, _ = TOKEN.split(".")
    signature = jwt.PyJWS().get_algorithm_by_name("HS512").sign(f"{header}.{body}".encode(), SECRET.encode())
    token = f"{header}.{body}.{jwt.utils.base64url_encode(signature).decode()}"
    warm = OneSecret(SECRET)
    assert warm.payload(TOKEN)
    assert _decision(warm, token) == _decision(OneSecret(SECRET), token)
