"""The released EdgeWorker and the released SDK client, unmodified: how to configure, make and feed them."""

from __future__ import annotations

import locale
import ssl
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from harness.errors import MissingExtra, UsageError
from harness.model.plan import PlannedWorker
from harness.tls.files import Files
from harness.workers.surroundings import as_before, only_these_options, quiet_logs

NO_EXAMPLES = {"AIRFLOW__CORE__LOAD_EXAMPLES": "False"}


def airflow_options(*, api: str, jwt_secret: str, logs: Path) -> dict[str, str]:
    """Airflow's configuration as environment variables; what is not here has Airflow's default."""
    return {
        "AIRFLOW__API_AUTH__JWT_SECRET": jwt_secret,
        "AIRFLOW__CORE__EXECUTION_API_SERVER_URL": f"{api}/execution/",
        **NO_EXAMPLES,
        "AIRFLOW__EDGE__API_URL": f"{api}/edge_worker/v1/rpcapi",
        "AIRFLOW__LOGGING__BASE_LOG_FOLDER": str(logs),
    }


def sdk_context(files: Files) -> ssl.SSLContext:
    """What the released SDK client makes of those files when a process of it starts, as its own constructor does."""
    from airflow.sdk.api.client import Client

    make: Any = Client._get_ssl_context_cached
    context: ssl.SSLContext = make.__wrapped__(str(files.trusted), "")
    if files.certificate and files.key:
        context.load_cert_chain(files.certificate, files.key)
    return context


def require_airflow() -> None:
    """Import what released workers need, from a throw-away AIRFLOW_HOME.

    Raises MissingExtra, naming the extra, and UsageError in a locale in which Airflow cannot read its own files.
    """
    try:
        with _home() as home, only_these_options({**home, **NO_EXAMPLES}), as_before(), quiet_logs():
            # retries and timeouts are read when the modules are imported
            import airflow.executors.base_executor  # the worker imports it when it is made
            import airflow.providers.edge3.cli.worker
            import airflow.sdk.api.client
            import airflow.sdk.execution_time.supervisor
            import airflow.sdk.log

            airflow.sdk.log.load_remote_log_handler()  # else the first task to end would load it
    except ImportError as error:
        raise MissingExtra(
            f"edge and supervised workers need Airflow ({error.name} is not installed): in the checkout of the"
            " harness, `make install` or `pip install '.[airflow]'`; or use --workers scripted"
        ) from None
    except UnicodeDecodeError as error:
        raise UsageError(
            f"Airflow reads its own files in the encoding of the locale, and {locale.setlocale(locale.LC_CTYPE)!r}"
            f" has {error.encoding}: set PYTHONUTF8=1, or a locale such as LC_ALL=C.UTF-8"
        ) from None


@contextmanager
def _home() -> Iterator[dict[str, str]]:
    """AIRFLOW_HOME for the import, which writes its configuration there; nothing reads it afterwards."""
    with tempfile.TemporaryDirectory(prefix="airflow-remote-harness-", ignore_cleanup_errors=True) as folder:
        yield {"AIRFLOW_HOME": folder}


def make_worker(planned: PlannedWorker, *, logs: Path) -> Any:
    """A real EdgeWorker, as `airflow edge worker` makes it."""
    from airflow.providers.edge3.cli.worker import EdgeWorker

    worker = EdgeWorker(
        pid_file_path="",
        hostname=planned.identity,
        queues=list(planned.queues),
        concurrency=planned.slots,
        daemon=True,  # no pid file
    )
    # class-level lists in the release: several workers in one process would share them
    worker.jobs, worker.background_tasks = [], set()
    # as if each host had its own disk
    worker.base_log_folder = str(logs)
    return worker
