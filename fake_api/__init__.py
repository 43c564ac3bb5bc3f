"""An in-memory, deterministic fake of Airflow's Execution API and Edge worker API.

It also does what the scheduler and the EdgeExecutor do to tasks and jobs:

    state = State()
    app = create_app(state, run_sweeps=True)   # uvicorn.run(app)
    state.submit(TaskSpec(dag_id="etl", task_id="load", run_id="r1", retries=2))
"""

from fake_api.app import create_app
from fake_api.auth import mint_workload_token
from fake_api.auth.users import mint_user_token
from fake_api.mock import Mocked, mock
from fake_api.outcome import Change
from fake_api.rows import TaskSpec
from fake_api.settings import Settings
from fake_api.state import State
from fake_api.state_file import StateFile, StateFileError
from fake_api.sweeps import Scheduler
from fake_api.transitions import RULES, Rules

__all__ = [
    "RULES",
    "Change",
    "Mocked",
    "Rules",
    "Scheduler",
    "Settings",
    "State",
    "StateFile",
    "StateFileError",
    "TaskSpec",
    "create_app",
    "mint_user_token",
    "mint_workload_token",
    "mock",
]
