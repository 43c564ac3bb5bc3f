"""Who may call what: tokens, the keys they are signed with, the order of checks, and a record of each decision."""

from fake_api.auth.audit import Audit, Decision
from fake_api.auth.claims import Claims
from fake_api.auth.guards import (
    AuthError,
    BadSubjectError,
    authorize_edge,
    authorize_execution,
    bearer,
)
from fake_api.auth.keys import SigningKey, generate_key, hmac_key, pem_key
from fake_api.auth.tokens import InvalidTokenError, Tokens, mint_workload_token

__all__ = [
    "Audit",
    "AuthError",
    "BadSubjectError",
    "Claims",
    "Decision",
    "InvalidTokenError",
    "SigningKey",
    "Tokens",
    "authorize_edge",
    "authorize_execution",
    "bearer",
    "generate_key",
    "hmac_key",
    "mint_workload_token",
    "pem_key",
]
