"""How next_kwargs are encoded: by task SDKs before 1.2, and since.

Airflow: airflow/serialization/serialized_objects.py (BaseSerialization) and airflow/sdk/serde.
"""

from collections.abc import Mapping
from typing import Any

_UTC = {
    "__classname__": "builtins.tuple",
    "__version__": 1,
    "__data__": ["UTC", "pendulum.tz.timezone.Timezone", 1, True],
}


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
