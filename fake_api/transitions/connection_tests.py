"""Connection tests: a worker takes the connection once, tries it, and reports.

Airflow: execution_api/routes/connection_tests.py.
"""

from dataclasses import replace
from uuid import UUID

from fake_api.catalogue import ConnectionTest
from fake_api.outcome import Outcome, Reply, refuse
from fake_api.views import connection_view

WAITING = ("pending", "queued")
FINISHED = ("success", "failed")


def take_connection_test(test: ConnectionTest | None, *, test_id: UUID) -> Outcome:
    """GET connection: 200 with its secrets, once, and the test runs; 404; 409 for any later call."""
    if test is None:
        return _not_found(test_id)
    if test.state not in WAITING:
        message = (
            f"Connection test {test_id} is in state {test.state}; "
            "credentials can only be fetched once while PENDING or QUEUED."
        )
        return refuse(409, reason="conflict", message=message)
    reply = Reply(200, connection_view(test.connection))
    return Outcome(reply=reply, rows=(replace(test, state="running"),))


def report_connection_test(
    test: ConnectionTest | None, *, test_id: UUID, state: str, result_message: str | None
) -> Outcome:
    """PATCH: 204, 404, 409 after the first report. A success is stored as a connection if that was asked for."""
    if test is None:
        return _not_found(test_id)
    if test.state in FINISHED:
        message = f"Connection test {test_id} is already in terminal state: {test.state}"
        return refuse(409, reason="conflict", message=message)
    row = replace(test, state=state, result_message=result_message)
    if state == "success" and test.commit_on_success:
        return Outcome(rows=(row, test.connection))
    return Outcome(rows=(row,))


def _not_found(test_id: UUID) -> Outcome:
    return refuse(404, reason="not_found", message=f"Connection test {test_id} not found")
