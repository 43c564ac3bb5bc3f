"""The options that released code reads when it is imported: one import serves all runs, so each run swaps them in.

What released code reads later it finds in the environment, which `sim/session.py` sets.
"""

from __future__ import annotations

from collections.abc import Mapping

from harness.model.options import OPTIONS, values
from harness.sim.patches import Swap

_CLIENT, _EDGE = "airflow.sdk.api.client", "airflow.providers.edge3.cli.api_client"
_SUPERVISOR = "airflow.sdk.execution_time.supervisor"

_READ = (
    ("workers.execution_api_timeout", _CLIENT, "API_TIMEOUT"),
    ("workers.execution_api_retries", f"{_CLIENT}:Client.request.retry.stop", "max_attempt_number"),
    ("workers.execution_api_retry_wait_min", f"{_CLIENT}:Client.request.retry.wait", "min"),
    ("workers.execution_api_retry_wait_max", f"{_CLIENT}:Client.request.retry.wait", "max"),
    ("edge.api_retries", f"{_EDGE}:_make_generic_request.retry.stop", "max_attempt_number"),
    ("edge.api_retry_wait_min", f"{_EDGE}:_default_wait", "min"),
    ("edge.api_retry_wait_max", f"{_EDGE}:_default_wait", "max"),
    ("workers.min_heartbeat_interval", _SUPERVISOR, "MIN_HEARTBEAT_INTERVAL"),
    ("workers.max_failed_heartbeats", _SUPERVISOR, "MAX_FAILED_HEARTBEATS"),
    ("scheduler.task_instance_heartbeat_timeout", _SUPERVISOR, "HEARTBEAT_TIMEOUT"),
)


def option_swaps(options: Mapping[str, str]) -> list[Swap]:
    """Each option that is read at import, at what the plan sets or else at Airflow's default.

    The defaults too: a process that tests something else may have imported Airflow with options of its own.
    """
    found = values(options)
    return [
        Swap(
            module,
            attribute,
            int(found[name]) if OPTIONS[name].whole else found[name],
            f"it is {name}, read at import",
        )
        for name, module, attribute in _READ
    ]
