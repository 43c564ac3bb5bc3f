"""Routes under /connection-tests (Airflow: execution_api/routes/connection_tests.py)."""

from uuid import UUID

from fastapi import APIRouter

from fake_api.dependencies import StateDep, execution_token
from fake_api.execution.content_answers import ConnectionTestConnectionResponse
from fake_api.execution.content_payloads import ConnectionTestResultBody
from fake_api.execution.documented import statuses
from fake_api.outcome import Reply
from fake_api.routing import guarded_by

own = execution_token(scopes=("workload",), subject="connection_test_id", subject_kind="connection test")
router = APIRouter(
    prefix="/connection-tests",
    tags=["Connection Tests"],
    route_class=guarded_by(own, "ct:self", "token:workload"),
)


@router.get(
    "/{connection_test_id}/connection",
    response_model=ConnectionTestConnectionResponse,
    responses=statuses(404, 409),
)
async def take(*, connection_test_id: UUID, state: StateDep) -> Reply:
    """Hand out the connection to try, once."""
    test = state.connection_tests.get(connection_test_id)
    return state.apply(state.rules.take_connection_test(test, test_id=connection_test_id))


@router.patch("/{connection_test_id}", status_code=204, responses=statuses(404, 409))
async def report(*, connection_test_id: UUID, body: ConnectionTestResultBody, state: StateDep) -> Reply:
    """Take the result."""
    outcome = state.rules.report_connection_test(
        state.connection_tests.get(connection_test_id),
        test_id=connection_test_id,
        state=str(body.state),
        result_message=body.result_message,
    )
    return state.apply(outcome)
