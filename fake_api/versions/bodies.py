"""What version changes do to response bodies: plain functions of plain JSON values, and how Cadwyn gets them."""

from collections.abc import Callable
from contextlib import suppress
from typing import Any

from cadwyn import ResponseInfo, convert_response_to_previous_version_for
from pydantic import BaseModel

from fake_api.encodings import UnknownClassError, old_encoding

Body = dict[str, Any]
Change = Callable[[Body], None]


def downgrade(of: type[BaseModel] | str, change: Change) -> Any:
    """Apply `change` to every response of this model, or of the GET route at this path. Null stays null."""

    def convert(response: ResponseInfo) -> None:
        if response.body is not None:
            change(response.body)

    # Cadwyn types what it gives back as a staticmethod; it is called like any decorator
    marked: Any = (
        convert_response_to_previous_version_for(of, ["GET"])
        if isinstance(of, str)
        else convert_response_to_previous_version_for(of)
    )
    return marked(convert)


def without(field: str) -> Change:
    """Leave a field out."""

    def convert(body: Body) -> None:
        body.pop(field, None)

    return convert


def in_run(change: Change) -> Change:
    """Change the dag run in what /run answers."""
    return lambda context: change(context["dag_run"])


def in_each(field: str, change: Change) -> Change:
    """Change each item of a list."""

    def convert(body: Body) -> None:
        for each in body.get(field) or ():
            change(each)

    return convert


def or_else(field: str, otherwise: Callable[[Body], Any]) -> Change:
    """Fill a field that is null."""

    def convert(body: Body) -> None:
        if body.get(field) is None:
            body[field] = otherwise(body)

    return convert


def first_upstream_map_indexes(context: Body) -> None:
    """Send the first of a list: upstream_map_indexes were once single numbers."""
    if indexes := context.get("upstream_map_indexes"):
        context["upstream_map_indexes"] = {task: _first(found) for task, found in indexes.items()}


def old_next_kwargs(context: Body) -> None:
    """Send what a deferred task kept in the encoding that SDKs before 1.2 read, if that is possible."""
    if (kept := context.get("next_kwargs")) is not None:
        with suppress(UnknownClassError):
            context["next_kwargs"] = old_encoding(kept)


def _first(found: Any) -> Any:
    if not isinstance(found, list):
        return found if isinstance(found, int) else None
    return found[0] if found and all(isinstance(each, int) for each in found) else None
