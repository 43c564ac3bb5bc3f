"""The fake has all operations of the Execution API, and no others."""

from fastapi.routing import APIRoute

from fake_api import execution

#: Of the OpenAPI document that Airflow 3.3.2 serves for version 2026-06-30.
OPERATIONS = """
    GET /asset-events/by-asset
    GET /asset-events/by-asset-alias
    GET /assets/by-alias
    GET /assets/by-name
    GET /assets/by-uri
    PATCH /connection-tests/{connection_test_id}
    GET /connection-tests/{connection_test_id}/connection
    GET /connections/{connection_id}
    GET /dag-runs/count
    GET /dag-runs/previous
    GET /dag-runs/{dag_id}/{run_id}
    POST /dag-runs/{dag_id}/{run_id}
    POST /dag-runs/{dag_id}/{run_id}/clear
    GET /dag-runs/{dag_id}/{run_id}/state
    GET /dags/{dag_id}
    GET /health
    GET /health/ping
    GET /hitlDetails/{task_instance_id}
    PATCH /hitlDetails/{task_instance_id}
    POST /hitlDetails/{task_instance_id}
    DELETE /store/asset/by-name/clear
    DELETE /store/asset/by-name/value
    GET /store/asset/by-name/value
    PUT /store/asset/by-name/value
    DELETE /store/asset/by-uri/clear
    DELETE /store/asset/by-uri/value
    GET /store/asset/by-uri/value
    PUT /store/asset/by-uri/value
    DELETE /store/ti/{task_instance_id}
    DELETE /store/ti/{task_instance_id}/{key}
    GET /store/ti/{task_instance_id}/{key}
    PUT /store/ti/{task_instance_id}/{key}
    GET /task-instances/breadcrumbs
    GET /task-instances/count
    GET /task-instances/previous/{dag_id}/{task_id}
    GET /task-instances/states
    PUT /task-instances/{task_instance_id}/heartbeat
    GET /task-instances/{task_instance_id}/previous-successful-dagrun
    PATCH /task-instances/{task_instance_id}/rendered-map-index
    PUT /task-instances/{task_instance_id}/rtif
    PATCH /task-instances/{task_instance_id}/run
    PATCH /task-instances/{task_instance_id}/skip-downstream
    PATCH /task-instances/{task_instance_id}/state
    GET /task-instances/{task_instance_id}/validate-inlets-and-outlets
    GET /task-reschedules/{task_instance_id}/start_date
    GET /variables/keys
    DELETE /variables/{variable_key}
    GET /variables/{variable_key}
    PUT /variables/{variable_key}
    DELETE /xcoms/{dag_id}/{run_id}/{task_id}/{key}
    GET /xcoms/{dag_id}/{run_id}/{task_id}/{key}
    HEAD /xcoms/{dag_id}/{run_id}/{task_id}/{key}
    POST /xcoms/{dag_id}/{run_id}/{task_id}/{key}
    GET /xcoms/{dag_id}/{run_id}/{task_id}/{key}/item/{offset}
    GET /xcoms/{dag_id}/{run_id}/{task_id}/{key}/slice
"""


def test_the_fake_declares_exactly_the_operations_of_the_real_server() -> None:
    routes = [route for router in execution.ROUTERS for route in router.routes if isinstance(route, APIRoute)]
    declared = sorted((method, route.path_format) for route in routes for method in route.methods)
    documented = sorted(tuple(line.split()) for line in OPERATIONS.split("\n") if line)
    assert declared == documented
    assert len(documented) == 55
