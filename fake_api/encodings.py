"""How next_kwargs are encoded: by task SDKs before 1.2, and since.

Airflow: airflow/serialization/serialized_objects.py (BaseSerialization) and airflow/sdk/serde.
"""

import math
from collections.abc import Mapping
from typing import Any

_UTC = {
    "__classname__": "builtins.tuple",
    "__version__": 1,
    "__data__": ["UTC", "pendulum.tz.timezone.Timezone", 1, True],
}

#: Classes of the newest encoding with an envelope in the old one, and those that the old one turns into text.
_ENVELOPES = {
    "builtins.tuple": "tuple",
    "builtins.set": "set",
    "datetime.datetime": "datetime",
    "pendulum.datetime.DateTime": "datetime",
    "datetime.timedelta": "timedelta",
}
_TEXTS = {"uuid.UUID", "datetime.date", "decimal.Decimal"}


class UnknownClassError(Exception):
    """A class of the caller's own, which a server cannot import."""


def old_encoding(value: Any) -> Any:
    """What the newest SDK stored, in the encoding that one before 1.2 reads. Raises UnknownClassError.

    Airflow: execution_api/versions/v2026_04_06.py, ModifyDeferredTaskKwargsToJsonValue.
    """
    if isinstance(value, list):
        return [old_encoding(each) for each in value]
    if isinstance(value, float) and not math.isfinite(value):
        return str(value)
    if not isinstance(value, dict) or {"__type", "__var"} <= value.keys():
        return value
    if "__classname__" not in value:
        return {"__type": "dict", "__var": {key: old_encoding(each) for key, each in value.items()}}
    return _old_instance(value["__classname__"], value.get("__data__"))


def _old_instance(name: str, data: Any) -> Any:
    if name in _TEXTS:
        return str(data)
    if name not in _ENVELOPES:
        raise UnknownClassError(name)
    inner = data["timestamp"] if isinstance(data, dict) else old_encoding(data)
    return {"__type": _ENVELOPES[name], "__var": inner}


def newest_encoding(value: Any) -> Any:
    """What an SDK before 1.2 stored, in the encoding of the newest; anything else as it is.

    Airflow: models/trigger.py, _decode_next_kwargs and handle_event_submit. Types of Airflow's own, such as an
    operator, are left in their old envelope.
    """
    if isinstance(value, list):
        return [newest_encoding(each) for each in value]
    if not isinstance(value, Mapping):
        return value
    inner = value.get("__var")
    match value.get("__type"):
        case "dict" if isinstance(inner, Mapping):
            return {key: newest_encoding(each) for key, each in inner.items()}
        case "tuple" | "set" as name:
            return _instance(f"builtins.{name}", 1, newest_encoding(inner))
        case "timedelta":
            return _instance("datetime.timedelta", 2, inner)
        case "datetime":
            return _instance("pendulum.datetime.DateTime", 2, {"timestamp": inner, "tz": _UTC})
    return value


def _instance(name: str, version: int, data: Any) -> dict[str, Any]:
    return {"__classname__": name, "__version__": version, "__data__": data}
