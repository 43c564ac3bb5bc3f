"""The errors of Toxiproxy's API, by its status codes and in its words (api.go)."""

from __future__ import annotations

PROXY_NOT_FOUND = 404, "proxy not found"
PROXY_ALREADY_EXISTS = 409, "proxy already exists"
TOXIC_NOT_FOUND = 404, "toxic not found"
TOXIC_ALREADY_EXISTS = 409, "toxic already exists"
INVALID_STREAM = 400, "stream was invalid, can be either upstream or downstream"
INVALID_TOXIC_TYPE = 400, "invalid toxic type"


class ApiError(Exception):
    """An answer that says no: `{"error": message, "status": status}`. Raised as `ApiError(*PROXY_NOT_FOUND)`."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status, self.message = status, message


def bad_request(reason: str) -> ApiError:
    """The body is not what it should be."""
    return ApiError(400, f"bad request body: {reason}")


def missing_field(field: str) -> ApiError:
    """A field without which nothing can be made."""
    return ApiError(400, f"missing required field: {field}")
