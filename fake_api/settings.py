"""What an Airflow deployment configures, under Airflow's own option names and with Airflow's defaults."""

from dataclasses import dataclass

#: Signs tokens when nobody says otherwise. HS512 wants at least 64 bytes.
DEV_ONLY_SECRET = "dev-only-secret-" * 5


@dataclass(frozen=True, kw_only=True)
class Settings:
    """Options by their Airflow names. Durations are seconds, except `job_*_purge`, which are minutes.

    Raises ValueError when `jwt_secret` is shorter than HS512 needs.
    """

    # [api_auth] and [execution_api]
    jwt_secret: str = DEV_ONLY_SECRET
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
    # [edge]
    edge_heartbeat_interval: float = 30
    job_success_purge: float = 5
    job_fail_purge: float = 60
    minimum_acceptable_core_version_for_workers: str | None = None
    minimum_acceptable_edge_version_for_workers: str | None = None
    # what the server says it is
    airflow_version: str = "3.3.2"
    edge_provider_version: str = "5.1.0"

    def __post_init__(self) -> None:
        if len(self.jwt_secret) < 64:
            raise ValueError(
                f"jwt_secret has {len(self.jwt_secret)} characters: HS512 needs at least 64, "
                "set the same longer one on the server and on every edge worker"
            )
