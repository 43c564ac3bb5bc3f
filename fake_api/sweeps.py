"""What the scheduler and its EdgeExecutor do on their own, on time and without being asked.

Airflow: jobs/scheduler_job_runner.py and providers/edge3/executors/edge_executor.py.
"""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from typing import NamedTuple
from uuid import UUID

from fake_api.executor import Event, Executor
from fake_api.names import TaskInstanceState
from fake_api.outcome import Change, job_detail
from fake_api.queries import fail_fast_siblings
from fake_api.rows import JobKey, TaskInstance
from fake_api.state import State
from fake_api.transitions.edge_workers import GONE

RUNNING, QUEUED = TaskInstanceState.RUNNING, TaskInstanceState.QUEUED
RESTARTING, SUCCESS = TaskInstanceState.RESTARTING, TaskInstanceState.SUCCESS
FAILED_JOB = (TaskInstanceState.FAILED, TaskInstanceState.UP_FOR_RETRY)
#: Jobs the executor reports on or deletes; with the queued ones, those whose keys it counts as running.
PURGED = (RUNNING, SUCCESS, *FAILED_JOB, TaskInstanceState.REMOVED, RESTARTING)


class Sweep(NamedTuple):
    """A method of the scheduler and its interval in seconds."""

    interval: float
    action: Callable[[], None]


class Scheduler:
    """One scheduler job over a state. A second one on the same state is a restart: its executor is empty."""

    def __init__(self, state: State) -> None:
        self.state = state
        if state.scheduler_started:
            job_id = state.executor.job_id + 1
            state.retired[state.executor.job_id] = state.executor.latest_heartbeat
            state.executor = Executor(job_id=job_id, latest_heartbeat=state.now())
        state.scheduler_started = True
        self.executor = state.executor
        #: Whose jobs and workers are looked after: everybody's executor, and the teams' own ones.
        self._served = frozenset({None, *state.settings.executor_teams})

    async def run(self, sleep: Callable[[float], Awaitable[None]] = asyncio.sleep) -> None:
        """Loop forever, each sweep at the interval Airflow gives it."""
        settings = self.state.settings
        self.orphaned_tasks()
        sweeps = (
            Sweep(settings.orphaned_tasks_check_interval, self.orphaned_tasks),
            Sweep(settings.task_instance_heartbeat_timeout_detection_interval, self.heartbeat_timeouts),
            Sweep(settings.task_queued_timeout_check_interval, self.stuck_in_queued),
            Sweep(settings.scheduler_heartbeat_sec, self.heartbeat),
            Sweep(settings.trigger_timeout_check_interval, self.wait_timeouts),
        )
        started = self.state.now()
        due = [started + timedelta(seconds=sweep.interval) for sweep in sweeps]
        while True:
            self.loop_once()
            now = self.state.now()
            for position, sweep in enumerate(sweeps):
                if due[position] <= now:
                    sweep.action()
                    due[position] = now + timedelta(seconds=sweep.interval)
            await sleep(settings.scheduler_idle_sleep_time)

    def loop_once(self) -> None:
        """What every round of the scheduler's loop does."""
        self.start_dag_runs()
        self.requeue_retries()
        self.queue_callbacks()
        self.executor_sync()
        self.process_executor_events()

    def heartbeat(self) -> None:
        """Show other schedulers that this one lives."""
        self.executor.latest_heartbeat = self.state.now()

    def start_dag_runs(self) -> None:
        """Start the runs that were triggered or cleared, unless their Dag is paused."""
        for run in self.state.dag_runs.queued():
            dag = self.state.dags.get(run.dag_id)
            self.state.apply(self.state.rules.start_dag_run(run, dag=dag, now=self.state.now()))

    def requeue_retries(self) -> None:
        """Queue retries and reschedules whose time has come, and what was rescued or reset at once."""
        now = self.state.now()
        instances = self.state.task_instances
        for ti in instances.in_states(None, TaskInstanceState.SCHEDULED):
            if not self.state.dag_runs.is_queued((ti.task.dag_id, ti.task.run_id)):
                self.state.queue(ti, cause="scheduled")
        for ti in instances.in_states(TaskInstanceState.UP_FOR_RETRY):
            if ti.next_retry_at() <= now:
                self.state.queue(ti, cause="retry delay passed")
        for ti in instances.in_states(TaskInstanceState.UP_FOR_RESCHEDULE):
            if ti.reschedule_date is not None and ti.reschedule_date <= now:
                self.state.queue(ti, cause="reschedule date passed")

    def queue_callbacks(self) -> None:
        """Give pending callbacks to the executor, the most urgent first.

        Airflow: SchedulerJobRunner._enqueue_executor_callbacks.
        """
        pending = [each for each in self.state.callbacks.values() if each.state == "pending"]
        for callback in sorted(pending, key=lambda each: -each.priority_weight):
            self.state.queue_callback(callback)

    def executor_sync(self) -> None:
        """Airflow: EdgeExecutor.sync. What is told of one executor holds for those of teams, too."""
        now = self.state.now()
        self._update_orphaned_jobs(now)
        self._purge_jobs(now)
        self._check_worker_liveness(now)

    def process_executor_events(self) -> None:
        """Compare the executor's final words with the task instances, the last one of each."""
        latest = {key.primary: (key, event) for key, event in self.executor.drain_events().items()}
        for key, event in latest.values():
            ti = self.state.task_instances.find(key.primary)
            if ti is not None:
                self._handle_event(ti, key, event)
            elif key.is_callback and (callback := self.state.callbacks.get(UUID(key.task_id))):
                self.state.apply(self.state.rules.report_callback(callback, event=event.state))

    def heartbeat_timeouts(self) -> None:
        """Report running task instances that were silent for too long as failed ("zombies").

        Airflow: SchedulerJobRunner._find_and_purge_task_instances_without_heartbeats. What becomes of them
        is decided when the executor's events are processed next.
        """
        timeout = timedelta(seconds=self.state.settings.task_instance_heartbeat_timeout)
        oldest = self.state.now() - timeout
        for ti in self.state.task_instances.in_states(RUNNING, RESTARTING):
            silent = ti.last_heartbeat_at is not None and ti.last_heartbeat_at < oldest
            if silent and ti.queued_by_job_id == self.executor.job_id:
                self._log(ti, "heartbeat timeout")
                event = Event(TaskInstanceState.FAILED, cause="heartbeat timeout")
                self.executor.change_state(ti.key, event)

    def stuck_in_queued(self) -> None:
        """Take back what is queued for too long.

        Airflow: SchedulerJobRunner._handle_tasks_stuck_in_queued.
        """
        now = self.state.now()
        oldest = now - timedelta(seconds=self.state.settings.task_queued_timeout)
        for ti in self.state.task_instances.in_states(QUEUED):
            late = ti.queued_dttm is not None and ti.queued_dttm < oldest
            if late and ti.queued_by_job_id == self.executor.job_id:
                self._revoke(ti.key, now)
                outcome = self.state.rules.rescue_stuck_task(ti, settings=self.state.settings, now=now)
                self.state.apply(outcome)

    def wait_timeouts(self) -> None:
        """Let tasks go on that waited too long for a trigger or a human."""
        now = self.state.now()
        rules = self.state.rules
        for ti in self.state.task_instances.in_states(TaskInstanceState.DEFERRED):
            if ti.trigger_timeout is not None and ti.trigger_timeout < now:
                self.state.apply(rules.time_out_trigger(ti, now=now))
        for ti in self.state.task_instances.in_states(TaskInstanceState.AWAITING_INPUT):
            if ti.trigger_timeout is not None and ti.trigger_timeout < now:
                self.state.apply(rules.time_out_input(ti, now=now))

    def orphaned_tasks(self) -> None:
        """Take over what a dead scheduler queued, or start it over when its job is gone.

        Airflow: SchedulerJobRunner.adopt_or_reset_orphaned_tasks.
        """
        now = self.state.now()
        threshold = timedelta(seconds=self.state.settings.scheduler_health_check_threshold)
        dead = {job_id for job_id, beat in self.state.retired.items() if beat < now - threshold}
        if not dead:
            return
        for ti in self.state.task_instances.in_states(QUEUED, RUNNING, RESTARTING):
            if ti.queued_by_job_id in dead:
                self._adopt_or_reset(ti, now)

    def _adopt_or_reset(self, ti: TaskInstance, now: datetime) -> None:
        job = self.state.edge_jobs.get(ti.key)
        if job is not None and job.state in (QUEUED, RESTARTING, RUNNING):
            self.executor.running[ti.key] = None
            adopted = self.state.rules.adopt_task(ti, job_id=self.executor.job_id, now=now)
            self.state.apply(adopted)
        else:
            self.state.apply(self.state.rules.reset_task(ti, now=now, new_id=self.state.new_id))

    def _handle_event(self, ti: TaskInstance, key: JobKey, event: Event) -> None:
        outcome = self.state.rules.handle_executor_event(
            ti,
            try_number=key.try_number,
            event=event.state,
            has_task=ti.key in self.executor.running,
            job_id=self.executor.job_id,
            now=self.state.now(),
            new_id=self.state.new_id,
            cause=event.cause,
            siblings=fail_fast_siblings(self.state, ti),
        )
        if outcome is not None:
            self._log(ti, "state mismatch")
            self.state.apply(outcome)

    def _revoke(self, key: JobKey, now: datetime) -> None:
        self.executor.running.pop(key, None)
        job = self.state.edge_jobs.get(key)
        if job is not None and job.team_name in self._served:
            self.state.apply(self.state.rules.delete_job(job, now=now, cause="stuck in queued"))

    def _update_orphaned_jobs(self, now: datetime) -> None:
        oldest = now - timedelta(seconds=self.state.settings.task_instance_heartbeat_timeout)
        for job in self.state.edge_jobs.in_states(RUNNING):
            late = job.last_update is not None and job.last_update < oldest
            if late and job.team_name in self._served:
                ti = self.state.task_instances.find(job.key.primary)
                self.state.apply(self.state.rules.orphan_job(job, ti=ti, now=now))

    def _purge_jobs(self, now: datetime) -> None:
        self._forget_untracked()
        self._report_running_callbacks()
        settings = self.state.settings
        old_success = now - timedelta(minutes=settings.job_success_purge)
        old_failure = now - timedelta(minutes=settings.job_fail_purge)
        for job in self.state.edge_jobs.in_states(
            SUCCESS, *FAILED_JOB, TaskInstanceState.REMOVED, RESTARTING
        ):
            if job.team_name not in self._served:
                continue
            if job.key in self.executor.running:
                if job.state == SUCCESS:
                    self.executor.change_state(job.key, Event(SUCCESS))
                elif job.state in FAILED_JOB:
                    self.executor.change_state(job.key, Event(TaskInstanceState.FAILED))
            oldest = old_success if job.state == SUCCESS else old_failure
            if job.last_update is not None and job.last_update < oldest:
                self.state.apply(self.state.rules.delete_job(job, now=now, cause="purge"))

    def _report_running_callbacks(self) -> None:
        # the same is told of tasks, but there the scheduler does not listen
        for callback in self.state.callbacks.values():
            job = self.state.edge_jobs.get(callback.job_key)
            if callback.state == "queued" and job is not None and job.state == RUNNING:
                self.executor.events[job.key] = Event(RUNNING)

    def _forget_untracked(self) -> None:
        tracked = (QUEUED, *PURGED)
        jobs = self.state.edge_jobs
        gone = [
            key
            for key in self.executor.running
            if (job := jobs.get(key)) is None or job.state not in tracked or job.team_name not in self._served
        ]
        for key in gone:
            del self.executor.running[key]

    def _check_worker_liveness(self, now: datetime) -> None:
        oldest = now - timedelta(seconds=5 * self.state.settings.edge_heartbeat_interval)
        for worker in list(self.state.edge_workers.values()):
            served = worker.team_name in self._served
            if served and worker.last_update < oldest and worker.state not in GONE:
                self.state.apply(self.state.rules.lose_worker(worker, now=now))

    def _log(self, ti: TaskInstance, event: str) -> None:
        change = Change(
            at=self.state.now(),
            table="log",
            key=str(ti.id),
            old=None,
            new=event,
            cause=event,
            detail=job_detail(ti.key),
        )
        self.state.tell(change)
