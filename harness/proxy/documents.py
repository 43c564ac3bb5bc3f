"""JSON as Toxiproxy's API takes and gives it. What it takes is checked here, and refused with what to do instead."""

from __future__ import annotations

import json
from collections.abc import Container, Iterable, Mapping
from dataclasses import replace
from typing import Any, TypeVar

from harness.proxy.api_errors import (
    INVALID_STREAM,
    INVALID_TOXIC_TYPE,
    TOXIC_ALREADY_EXISTS,
    ApiError,
    bad_request,
)
from harness.proxy.proxy import Proxy
from harness.proxy.turns import by_turns
from harness.toxics.kinds import KINDS, attributes_of, read, with_attributes
from harness.toxics.named import NamedToxic, Stream
from harness.toxics.toxic import Toxic

T = TypeVar("T")
_NAMES = {str: "text", bool: "true or false", dict: "an object", list: "a list", float: "a number"}
_ESCAPES = str.maketrans({each: f"\\u{ord(each):04x}" for each in "<>&\u2028\u2029"})


# -- given -----------------------------------------------------------------------------------------------


def encoded(document: Any) -> bytes:
    """The document as Go writes it: no blanks, and nothing that HTML or JavaScript would understand."""
    text = json.dumps(document, separators=(",", ":"), ensure_ascii=False)
    return text.translate(_ESCAPES).encode()


def toxic_document(toxic: NamedToxic) -> dict[str, Any]:
    """A toxic as the API shows it."""
    toxicity = int(toxic.toxicity) if toxic.toxicity in (0, 1) else toxic.toxicity
    return {
        "attributes": attributes_of(toxic.toxic),
        "name": toxic.name,
        "type": toxic.type,
        "stream": toxic.stream.value,
        "toxicity": toxicity,
    }


def toxics_document(proxy: Proxy) -> list[dict[str, Any]]:
    """The toxics of a proxy: upstream's first, each stream in the order of its chain."""
    order = sorted(proxy.toxics.values(), key=lambda toxic: toxic.stream is Stream.DOWNSTREAM)
    return [toxic_document(toxic) for toxic in order]


def proxy_document(proxy: Proxy) -> dict[str, Any]:
    """A proxy as the API shows it."""
    return {
        "name": proxy.name,
        "listen": str(proxy.listen),
        "upstream": str(proxy.upstream),
        "enabled": proxy.enabled,
        "toxics": toxics_document(proxy),
    }


async def encoded_proxies(proxies: Iterable[Proxy]) -> bytes:
    """All proxies by their names, encoded one by one: thousands take a while."""
    order = sorted(proxies, key=lambda each: each.name)
    members = [encoded({proxy.name: proxy_document(proxy)})[1:-1] async for proxy in by_turns(order)]
    return b"{" + b",".join(members) + b"}"


# -- taken -----------------------------------------------------------------------------------------------


def decoded(body: bytes, kind: type[T]) -> T:
    """The first JSON value of a body. Raises ApiError (400)."""
    try:
        text = body.decode(errors="replace").lstrip()
        if not text:
            raise bad_request("EOF")
        document, _ = json.JSONDecoder(parse_constant=_refuse).raw_decode(text)
    except RecursionError:
        raise bad_request("nested too deeply") from None
    except ValueError as error:
        raise bad_request(str(error)) from None
    if document is None:
        document = kind()
    if not isinstance(document, kind):
        raise bad_request(f"{json.dumps(document)[:40]} is not {_NAMES[kind]}")
    return document


def field(document: Mapping[str, Any], name: str, kind: type[T], default: T) -> T:
    """A field, whose name may be in any case, as Go reads it; null means its default. Raises ApiError (400)."""
    value = document.get(name)
    if value is None:
        value = next((each for key, each in document.items() if key.lower() == name), None)
    if value is None:
        return default
    if not isinstance(value, kind):
        raise bad_request(f"{name} is {json.dumps(value)[:40]}: give {_NAMES[kind]}")
    return _whole(value) if isinstance(value, str) else value  # type: ignore[return-value]


def _whole(text: str) -> str:
    """Half a character can stand in JSON, but not in an answer: U+FFFD instead, as Go has it."""
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")


def new_toxic(body: bytes, taken: Container[str]) -> NamedToxic:
    """The toxic that a body describes, looked at in upstream's order. Raises ApiError (400, 409 for a name taken)."""
    document = decoded(body, dict)
    name, kind = field(document, "name", str, ""), field(document, "type", str, "")
    stream = field(document, "stream", str, "downstream").lower()
    toxicity = _toxicity(document, 1.0)
    attributes = field(document, "attributes", dict, {})
    if stream not in tuple(Stream):
        raise ApiError(*INVALID_STREAM)
    if kind not in KINDS:
        raise ApiError(*INVALID_TOXIC_TYPE)
    name = name or f"{kind}_{stream}"
    if name in taken:
        raise ApiError(*TOXIC_ALREADY_EXISTS)
    toxic = _with(KINDS[kind](), attributes)
    return NamedToxic(name=name, type=kind, stream=Stream(stream), toxicity=toxicity, toxic=toxic)


def updated_toxic(before: NamedToxic, body: bytes) -> NamedToxic:
    """The toxic with what a body changes of its attributes and toxicity. Raises ApiError (400)."""
    document = decoded(body, dict)
    toxicity = _toxicity(document, before.toxicity)
    toxic = _with(before.toxic, field(document, "attributes", dict, {}))
    return replace(before, toxicity=toxicity, toxic=toxic)


def _toxicity(document: Mapping[str, Any], default: float) -> float:
    value = next((each for key, each in document.items() if key.lower() == "toxicity"), None)
    try:
        return read("toxicity", float, default if value is None else value)
    except ValueError as error:
        raise bad_request(str(error)) from None


def _with(toxic: Toxic, attributes: Mapping[str, Any]) -> Toxic:
    try:
        return with_attributes(toxic, attributes)
    except ValueError as error:
        raise bad_request(str(error)) from None


def _refuse(constant: str) -> Any:
    raise ValueError(f"{constant} is not JSON: give a finite number")
