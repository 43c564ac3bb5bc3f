from __future__ import annotations

from collections.abc import Callable

import pytest

from harness.model.faults import Partition
from harness.model.history import History
from harness.model.plan import Plan, Submission
from harness.units import minutes, seconds

CUT_OFF = """
0s       world driver info act act=storm
0s       world worker-1 info worker.start kind=edge slots=2
0s       world worker-2 info worker.start kind=edge slots=2
1s       world driver info task.submit task=storm/task-1/run-1 ti=ti-1
1s       server scheduler ok task_instance key=ti-1 old=null new=queued cause=submitted \
         dag_id=storm task_id=task-1 run_id=run-1
2s       client worker-1 invoke jobs.fetch call=1
2s       client worker-1 ok jobs.fetch call=1 status=200 job=storm/task-1/run-1/1/-1
3s       client worker-1 invoke ti.run call=6 ti=ti-1
3s       server api ok task_instance key=ti-1 old=queued new=running cause='PATCH run' \
         dag_id=storm task_id=task-1 run_id=run-1
3s       client worker-1 ok ti.run call=6 status=200
3s       body worker-1 invoke body call=2 task=storm/task-1/run-1 ti=ti-1 try=1 slots=1
60s      nemesis nemesis info fault.begin fault=0 name=Partition text='Partition worker-1 ↔ api for 2m'
60.2s    nemesis nemesis info fault.strike fault=0 victim=worker-1 what='bytes held back'
65s      client worker-1 invoke jobs.fetch call=3
70s      client worker-1 info jobs.fetch call=3 reason='gave up waiting'
71s      client worker-1 fail connect reason='timed out'
75s      body worker-1 info body call=2 task=storm/task-1/run-1 ti=ti-1 try=1
76s      world worker-1 fail worker.exit reason='it raised' error='ServerTimeoutError: no answer'
180s     nemesis nemesis info fault.end fault=0 name=Partition strikes=37
300s     world driver info act act=calm
365s     server scheduler ok task_instance key=ti-1 old=running new=up_for_retry cause='heartbeat timeout' \
         new_id=ti-2 dag_id=storm task_id=task-1 run_id=run-1
665s     server scheduler ok task_instance key=ti-2 old=up_for_retry new=queued cause='retry delay passed' \
         dag_id=storm task_id=task-1 run_id=run-1
670s     client worker-2 invoke ti.run call=7 ti=ti-2
670s     server api ok task_instance key=ti-2 old=queued new=running cause='PATCH run' \
         dag_id=storm task_id=task-1 run_id=run-1
670s     client worker-2 ok ti.run call=7 status=200
670s     body worker-2 invoke body call=4 task=storm/task-1/run-1 ti=ti-2 try=2 slots=1
700s     body worker-2 ok body call=4 task=storm/task-1/run-1 ti=ti-2 try=2
700s     server api ok task_instance key=ti-2 old=running new=success cause='PATCH state' \
         dag_id=storm task_id=task-1 run_id=run-1
1499s    client worker-2 invoke worker.set_state call=5
1499s    client worker-2 ok worker.set_state call=5 status=200
1499s    client worker-2 invoke jobs.fetch call=8
1499s    client worker-2 ok jobs.fetch call=8 status=200 job=null
1500s    world driver info act act=end
""".replace("\\\n", "")


@pytest.fixture
def cut_off(
    past: Callable[[str], History], of: Callable[[Plan, History], History], cut_off_plan: Plan
) -> History:
    """One of two workers loses its link for two minutes, gives up, and never comes back."""
    return of(cut_off_plan, past(CUT_OFF))


@pytest.fixture
def cut_off_plan(planned: Callable[..., Plan], task: Callable[..., Submission]) -> Plan:
    """The plan of `cut_off`."""
    cut = Partition(a="worker-1", b="api", at=seconds(60), lasting=minutes(2))
    return planned(task("task-1"), faults=(cut,))
