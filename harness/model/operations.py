"""The operations of the Execution API and the Edge API, by name: one row a route.

Both worlds, the simulated network and the proxy, read an HTTP request through this table,
so that a History and a fault speak of `ti.heartbeat` and not of a path.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache

_ROWS = (
    # name, method, path; a name in braces is one path segment, {key*} the rest of the path
    ("health", "GET", "/execution/health"),
    ("ti.run", "PATCH", "/execution/task-instances/{ti}/run"),
    ("ti.heartbeat", "PUT", "/execution/task-instances/{ti}/heartbeat"),
    ("ti.state", "PATCH", "/execution/task-instances/{ti}/state"),
    ("ti.rtif", "PUT", "/execution/task-instances/{ti}/rtif"),
    ("ti.rendered_map_index", "PATCH", "/execution/task-instances/{ti}/rendered-map-index"),
    ("ti.skip_downstream", "PATCH", "/execution/task-instances/{ti}/skip-downstream"),
    ("xcoms.get", "GET", "/execution/xcoms/{dag}/{run}/{task}/{key*}"),
    ("xcoms.head", "HEAD", "/execution/xcoms/{dag}/{run}/{task}/{key*}"),
    ("xcoms.set", "POST", "/execution/xcoms/{dag}/{run}/{task}/{key*}"),
    ("xcoms.delete", "DELETE", "/execution/xcoms/{dag}/{run}/{task}/{key*}"),
    ("variables.keys", "GET", "/execution/variables/keys"),
    ("variables.get", "GET", "/execution/variables/{key*}"),
    ("variables.set", "PUT", "/execution/variables/{key*}"),
    ("variables.delete", "DELETE", "/execution/variables/{key*}"),
    ("connections.get", "GET", "/execution/connections/{key*}"),
    ("worker.register", "POST", "/edge_worker/v1/worker/{worker}"),
    ("worker.set_state", "PATCH", "/edge_worker/v1/worker/{worker}"),
    ("worker.queues", "PATCH", "/edge_worker/v1/worker/queues/{worker}"),
    ("jobs.fetch", "POST", "/edge_worker/v1/jobs/fetch/{worker}"),
    ("jobs.state", "PATCH", "/edge_worker/v1/jobs/state/{dag}/{task}/{run}/{try}/{map}/{state}"),
    ("logs.push", "POST", "/edge_worker/v1/logs/push/{dag}/{task}/{run}/{try}/{map}"),
    ("logs.path", "GET", "/edge_worker/v1/logs/logfile_path/{dag}/{task}/{run}/{try}/{map}"),
    ("edge.health", "GET", "/edge_worker/v1/health"),
)


@dataclass(frozen=True, slots=True)
class Call:
    """One request, understood: the operation's name and what its path names."""

    name: str
    path: dict[str, str]


def _pattern(path: str) -> re.Pattern[str]:
    def group(match: re.Match[str]) -> str:
        name, rest = match[1], match[2]
        return f"(?P<{name}>.+)" if rest else f"(?P<{name}>[^/]+)"

    return re.compile(re.sub(r"\{(\w+)(\*?)\}", group, path) + "$")


_TABLE = tuple((name, method, _pattern(path)) for name, method, path in _ROWS)
NAMES: tuple[str, ...] = tuple(name for name, _, _ in _ROWS)


@lru_cache(maxsize=65536)  # a large fleet has a path of its own for each running task
def understand(method: str, path: str) -> Call:
    """The operation behind a request; an unknown one is named by its method and path.

    `path` has no query. The answer is shared: treat its `path` as read-only.
    """
    for name, verb, pattern in _TABLE:
        if verb == method and (match := pattern.match(path)):
            return Call(name, match.groupdict())
    return Call(f"{method} {path}", {})
