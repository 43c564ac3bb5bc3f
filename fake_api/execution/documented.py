"""What the OpenAPI document says of refusals. It follows Airflow's, which names not every one that can come."""

from typing import Any

from fake_api.execution.answers import HTTPExceptionResponse

Responses = dict[int | str, dict[str, Any]]


def refusals(*statuses: int) -> Responses:
    """These statuses, each with the shape of its body."""
    return {status: {"model": HTTPExceptionResponse} for status in statuses}


def statuses(*codes: int) -> Responses:
    """These statuses, and no word on their bodies."""
    return {code: {} for code in codes}
