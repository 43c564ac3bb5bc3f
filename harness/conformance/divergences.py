"""Every difference between the fake and a released server that is meant, each with its reason."""

from __future__ import annotations

from collections.abc import Mapping

from fake_api.settings import Database
from harness.conformance.comparing import Divergence

_EMPTY_KEY = (
    "an empty key is validated for the route and again for the access check, and told twice; here once"
)

#: Over the calls of the suite.
SUITE: tuple[Divergence, ...] = (
    Divergence(reason=_EMPTY_KEY, case="variables", where="* /execution/variables/", path="body.detail"),
    Divergence(
        reason=_EMPTY_KEY, case="xcom options", where="* /execution/xcoms/{dag}/r/a/", path="body.detail"
    ),
    Divergence(
        reason="Airflow's model of a trigger decodes its arguments when it is read; the fake shows what was sent",
        where="afterwards",
        path="task instances.*.trigger.kwargs*",
    ),
    Divergence(
        reason="the router around both APIs redirects the bare prefix, which no client asks for",
        case="paths",
        where="GET /execution",
    ),
)
#: Over the calls of the suite, over one database alone.
OVER: Mapping[str, tuple[Divergence, ...]] = {
    "sqlite": (
        Divergence(
            reason="SQLite keeps no integer above 64 bits and tells a float; PostgreSQL and the fake tell the number",
            case="xcom value 7",
        ),
    ),
    "postgres": (
        Divergence(
            reason="of rows with one map index PostgreSQL tells any first; SQLite and the fake go by the run's name",
            case="xcoms of earlier runs",
        ),
    ),
}
#: What Settings.database calls the database of a released server.
DATABASES: Mapping[str, Database] = {"sqlite": "sqlite", "postgres": "postgresql"}


def meant(database: str) -> tuple[Divergence, ...]:
    """Every difference that is meant over a released server's database."""
    return (*SUITE, *OVER[database])


#: Over recordings.
RECORDED: tuple[Divergence, ...] = ()
