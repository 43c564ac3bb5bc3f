"""What an Airflow deployment configures, under Airflow's own option names and with Airflow's defaults."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields, replace
from typing import Any, Literal, Self

#: What lies below the server.
Database = Literal["postgresql", "sqlite"]
#: Signs tokens when nobody says otherwise. HS512 wants at least 64 bytes.
DEV_ONLY_SECRET = "dev-only-secret-" * 5


@dataclass(frozen=True, kw_only=True)
class Settings:
    """Options by their Airflow names. Durations are seconds, except `job_*_purge`, which are minutes.

    Tokens of tasks are signed with the private key in `jwt_private_key_path` if there is one, else with
    `jwt_secret`; they are verified with the keys at `trusted_jwks_url` (a file's path, or an http address), else
    with the same. Edge workers always use the secret. `jwt_audience` and `jwt_algorithm` may be several, with
    commas between: the first is what tokens are minted with.

    Raises ValueError when `jwt_secret` is shorter than HS512 needs, or `trusted_jwks_url` is a file:// address.
    """

    # [api_auth] and [execution_api]
    jwt_secret: str = DEV_ONLY_SECRET
    jwt_private_key_path: str | None = None
    trusted_jwks_url: str | None = None
    jwt_kid: str | None = None
    jwt_algorithm: str = "GUESS"
    jwt_issuer: str | None = None
    jwt_audience: str = "urn:airflow.apache.org:task"
    jwt_leeway: float = 10
    jwt_expiration_time: float = 600
    # [core]
    max_map_length: int = 1024
    # [scheduler]
    task_queued_timeout: float = 600
    task_queued_timeout_check_interval: float = 120
    num_stuck_in_queued_retries: int = 2
    task_instance_heartbeat_timeout: float = 300
    task_instance_heartbeat_timeout_detection_interval: float = 10
    orphaned_tasks_check_interval: float = 300
    trigger_timeout_check_interval: float = 15
    scheduler_health_check_threshold: float = 30
    scheduler_heartbeat_sec: float = 5
    scheduler_idle_sleep_time: float = 1
    # [core] executor: the teams with an EdgeExecutor of their own, as in EdgeExecutor;team_a=EdgeExecutor
    executor_teams: tuple[str, ...] = ()
    # [operators]
    default_queue: str = "default"
    # [api_auth] jwt_audience: for whom the tokens of people are
    user_jwt_audience: str = "apache-airflow"
    # [edge]
    edge_heartbeat_interval: float = 30
    job_success_purge: float = 5
    job_fail_purge: float = 60
    minimum_acceptable_core_version_for_workers: str | None = None
    minimum_acceptable_edge_version_for_workers: str | None = None
    # [edge] with tokens of an identity provider: the URL or the path of its keys, and what its tokens have to say
    edge_trusted_jwks_url: str | None = None
    edge_jwt_issuer: str | None = None
    edge_jwt_audience: str | None = None
    edge_jwt_algorithm: str = "RS256"
    edge_jwt_leeway: float = 30
    edge_jwt_verifier: str | Callable[..., Mapping[str, Any] | None] | None = None
    # the database: "postgresql" locks rows and knows how wide a column is, "sqlite" does neither
    database: Database = "postgresql"
    sqlite_fetch_gap: float = 0.003
    # FastAPI refuses a JSON body without a Content-Type since 0.132, and task SDKs up to 1.1.5 send theirs so. Airflow 3.3
    # cannot be installed with an older FastAPI; false is a server that can, as Airflow 3.0
    strict_content_type: bool = True
    # what the server says it is
    airflow_version: str = "3.3.2"
    edge_provider_version: str = "5.1.0"

    def __post_init__(self) -> None:
        if len(self.jwt_secret) < 64:
            raise ValueError(
                f"jwt_secret has {len(self.jwt_secret)} characters: HS512 needs at least 64, "
                "set the same longer one on the server and on every edge worker"
            )
        if (self.trusted_jwks_url or "").startswith("file:"):
            raise ValueError("trusted_jwks_url: give the path alone, Airflow takes no file:// address")

    def executor_of(self, team_name: str | None) -> str | None:
        """The team whose executor gets a team's work; None is the one for everybody.

        Airflow: SchedulerJobRunner._try_to_load_executor.
        """
        return team_name if team_name in self.executor_teams else None

    @property
    def jwt_audiences(self) -> tuple[str, ...]:
        """Whom a token may be for."""
        return _several(self.jwt_audience)

    @property
    def jwt_algorithms(self) -> tuple[str, ...]:
        """What a token may be signed with."""
        return _several(self.jwt_algorithm)

    @property
    def edge_jwt_algorithms(self) -> tuple[str, ...]:
        """What an identity provider may sign an edge worker's token with."""
        return _several(self.edge_jwt_algorithm)

    def without_kid(self) -> Self:
        """The same, with keys named by their thumbprints."""
        return replace(self, jwt_kid=None)

    @classmethod
    def from_environment(cls, environ: Mapping[str, str]) -> Self:
        """The settings that variables such as AIRFLOW__API_AUTH__JWT_SECRET say; the others keep their defaults.

        An empty variable counts as none. Raises ValueError that names the variable.
        """
        found: dict[str, Any] = _implied(environ)
        for field in fields(cls):
            name = variable_of(field.name)
            if name and (text := environ.get(name)):
                found[field.name] = _read(name, text, field.type)
        return cls(**found)


#: Where Airflow has an option, when its name here is not its name there.
_ELSEWHERE = {
    "user_jwt_audience": "jwt_audience",
    "edge_heartbeat_interval": "heartbeat_interval",
    "edge_trusted_jwks_url": "trusted_jwks_url",
    "edge_jwt_issuer": "jwt_issuer",
    "edge_jwt_audience": "jwt_audience",
    "edge_jwt_algorithm": "jwt_algorithm",
    "edge_jwt_leeway": "jwt_leeway",
    "edge_jwt_verifier": "jwt_verifier",
}
_SECTIONS = {
    "api_auth": (
        "jwt_secret",
        "jwt_private_key_path",
        "trusted_jwks_url",
        "jwt_kid",
        "jwt_algorithm",
        "jwt_issuer",
        "jwt_leeway",
        "user_jwt_audience",
    ),
    "execution_api": ("jwt_audience", "jwt_expiration_time"),
    "core": ("max_map_length",),
    "operators": ("default_queue",),
    "scheduler": (
        "task_queued_timeout",
        "task_queued_timeout_check_interval",
        "num_stuck_in_queued_retries",
        "task_instance_heartbeat_timeout",
        "task_instance_heartbeat_timeout_detection_interval",
        "orphaned_tasks_check_interval",
        "trigger_timeout_check_interval",
        "scheduler_health_check_threshold",
        "scheduler_heartbeat_sec",
        "scheduler_idle_sleep_time",
    ),
    "edge": (
        "edge_heartbeat_interval",
        "job_success_purge",
        "job_fail_purge",
        "minimum_acceptable_core_version_for_workers",
        "minimum_acceptable_edge_version_for_workers",
        "edge_trusted_jwks_url",
        "edge_jwt_issuer",
        "edge_jwt_audience",
        "edge_jwt_algorithm",
        "edge_jwt_leeway",
        "edge_jwt_verifier",
    ),
}


def _implied(environ: Mapping[str, str]) -> dict[str, Any]:
    """What follows from options that mean more than is modelled here: the database, and the teams' executors."""
    found: dict[str, Any] = {}
    if environ.get("AIRFLOW__DATABASE__SQL_ALCHEMY_CONN", "").startswith("sqlite"):
        found["database"] = "sqlite"
    executors = environ.get("AIRFLOW__CORE__EXECUTOR", "").split(";")
    if teams := tuple(each.partition("=")[0].strip() for each in executors if "=" in each):
        found["executor_teams"] = teams
    return found


def variable_of(option: str) -> str | None:
    """The environment variable that sets an option in Airflow, None for what is no option there."""
    for section, options in _SECTIONS.items():
        if option in options:
            return f"AIRFLOW__{section.upper()}__{_ELSEWHERE.get(option, option).upper()}"
    return None


def _several(text: str) -> tuple[str, ...]:
    return tuple(each.strip() for each in text.split(",") if each.strip())


def _read(variable: str, text: str, kind: Any) -> Any:
    if kind not in (int, float):
        return text
    try:
        number = kind(text)
    except ValueError:
        number = -1
    if not 0 <= number < float("inf"):
        raise ValueError(f"{variable} is {text!r}: give a number, 0 or more")
    return number
