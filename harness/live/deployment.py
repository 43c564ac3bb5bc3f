"""Somebody's own Airflow: where it is, and what opens it. Nothing of this is written into a plan, a history or a log."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from harness.errors import BadParameter, NotStarted
from harness.live.airflow_rest import AirflowRest, ServerRefused
from harness.live.scripted_process import SECRET_VARIABLE
from harness.model.plan import Plan

TOKEN_VARIABLE = "HARNESS_AIRFLOW_TOKEN"  # noqa: S105 - a name
USERNAME_VARIABLE, PASSWORD_VARIABLE = "HARNESS_AIRFLOW_USERNAME", "HARNESS_AIRFLOW_PASSWORD"
#: Seconds in which it has to answer.
PATIENCE = 60.0


class Unconfirmed(BadParameter):
    """Nothing was changed: the run needs to be told that the server may be."""


@dataclass(frozen=True, kw_only=True)
class Deployment:
    """An api-server at `host:port`. With a token, user name and password are not needed."""

    host: str
    port: int
    jwt_secret: str = field(repr=False)
    token: str = field(repr=False)
    username: str = field(repr=False)
    password: str = field(repr=False)

    @property
    def url(self) -> str:
        return f"http://[{self.host}]:{self.port}" if ":" in self.host else f"http://{self.host}:{self.port}"

    @classmethod
    def at(cls, url: str, environ: Mapping[str, str]) -> Deployment:
        """The one at this URL, opened by what the environment holds. Raises BadParameter for a URL that is not plain."""
        try:
            parts = urlsplit(url)
            port = 80 if parts.port is None else parts.port
        except ValueError as error:
            raise BadParameter(f"--server is no URL: {error}") from None
        if parts.username or parts.password:
            raise BadParameter(
                f"--server names a user: leave that out and set {USERNAME_VARIABLE} and {PASSWORD_VARIABLE}"
            )
        more = parts.path.strip("/") or parts.query or parts.fragment
        if parts.scheme != "http" or not parts.hostname or not port or more:
            raise BadParameter(
                "--server takes http://HOST:PORT and nothing more, for relays speak no TLS to it: forward a local port"
                " to the server (ssh -L, kubectl port-forward) and give http://localhost:PORT"
            )
        return cls(
            host=parts.hostname,
            port=port,
            jwt_secret=environ.get(SECRET_VARIABLE, ""),
            token=environ.get(TOKEN_VARIABLE, ""),
            username=environ.get(USERNAME_VARIABLE, ""),
            password=environ.get(PASSWORD_VARIABLE, ""),
        )

    def check_opened(self) -> None:
        """Raise BadParameter, naming the variables, where something to open it with is missing."""
        if not (self.token or (self.username and self.password)):
            raise BadParameter(
                f"the server's REST API wants {USERNAME_VARIABLE} and {PASSWORD_VARIABLE}, or {TOKEN_VARIABLE}:"
                " set them in the environment"
            )
        if not self.jwt_secret:
            raise BadParameter(
                f"edge workers need the server's own {SECRET_VARIABLE}: set it in the environment"
            )

    async def log_in(self, rest: AirflowRest) -> None:
        """Make the client say our token. Raises ServerRefused."""
        if self.token:
            rest.use_token(self.token)
        else:
            await rest.log_in(self.username, self.password)


async def survey(deployment: Deployment, rest: AirflowRest) -> str:
    """What is there, from health and version alone, in a few words. Raises NotStarted where no Airflow answers."""
    try:
        async with asyncio.timeout(PATIENCE):
            _, writer = await asyncio.open_connection(deployment.host, deployment.port)
            writer.close()
            version = (await rest.call("GET", "/api/v2/version"))["version"]
            health = await rest.call("GET", "/api/v2/monitor/health")
            scheduler = (health.get("scheduler") or {}).get("status") or "unknown"
            await rest.call("GET", "/execution/health")
            await rest.call("GET", "/edge_worker/v1/health")
    except OSError:  # a timeout is one too
        raise NotStarted(f"{deployment.url} does not answer: start it, or correct --server") from None
    except (ServerRefused, LookupError, TypeError, AttributeError) as error:
        raise NotStarted(
            f"what answers at {deployment.url} is no Airflow 3 with an Edge API ({error}): correct --server"
        ) from None
    return f"Airflow {version} with an Edge API, its scheduler is {scheduler}"


def intentions(plan: Plan) -> str:
    """What a run would do to the server."""
    dags = ", ".join(dict.fromkeys(f"{task.dag_id}/{task.run_id}" for task in plan.submissions))
    workers = (
        " to ".join(dict.fromkeys(plan.workers[at].name for at in (0, -1) if plan.workers)) or "no worker"
    )
    return (
        f"delete and trigger the Dag run {dags} ({len(plan.submissions)} tasks), make a pool for each task, a variable"
        f" and a connection, and register {workers}"
    )
