"""The OpenAPI document of the edge app, as Airflow's says it: operations, parameters, bodies, refusals."""

from typing import Any

from pydantic import BaseModel

Responses = dict[int | str, dict[str, Any]]

#: Every route of the workers wants the raw token here, without a scheme.
TOKEN = {
    "parameters": [{"name": "authorization", "in": "header", "required": True, "schema": {"type": "string"}}]
}
#: The routes of the administrators want a token as the public API does, in a header or in a cookie.
LOGIN: dict[str, Any] = {"security": [{"OAuth2PasswordBearer": []}, {"HTTPBearer": []}]}


class HTTPExceptionResponse(BaseModel):
    """The body of a refusal."""

    detail: str | dict[str, Any]


def refusals(*statuses: int) -> Responses:
    """These statuses, each with the shape of its body."""
    return {status: {"model": HTTPExceptionResponse} for status in statuses}
