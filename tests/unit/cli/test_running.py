from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from harness import catalogue
from harness.cli.running import render, replay_command, run_command, settings, where
from harness.errors import BadParameter
from harness.invariants import judge
from harness.model.history import History
from harness.model.plan import Plan
from harness.model.scenario import Workers
from harness.model.tls_faults import Tls
from harness.report import store
from harness.runner import Run

Harness = Callable[..., tuple[int, str, str]]
Past = Callable[[str], History]
Planned = Callable[..., Plan]
Of = Callable[[Plan, History], History]

FETCHED = """
0s world driver info act act=storm
1s client worker-1 invoke jobs.fetch call=1
1s client worker-1 ok jobs.fetch call=1
5m world driver info act act=calm
25m client worker-1 invoke jobs.fetch call=2
25m client worker-1 ok jobs.fetch call=2
25m world driver info act act=end
"""
QUICK = ("--workers", "scripted", "--set", "tasks=2", "--set", "workers=1")


@pytest.fixture
def finished(past: Past, of: Of, planned: Planned):
    """A Run made by hand: nothing was driven."""
    plan = planned(workers=1)
    history = of(plan, past(FETCHED))
    return Run(
        plan=plan,
        history=history,
        verdict=judge(history, plan),
        world="sim",
        digest=history.digest(),
        simulated_seconds=1500.0,
        wall_seconds=0.25,
        api_calls=0,
    )


def test_settings_are_names_and_texts_and_dashes_are_underscores() -> None:
    assert settings(["lasting=2m", "slow-link=a=b", "empty="]) == {
        "lasting": "2m",
        "slow_link": "a=b",
        "empty": "",
    }


@pytest.mark.parametrize("text", ["lasting", "=2m", ""])
def test_a_setting_without_a_name_or_a_value_is_refused(text: str) -> None:
    with pytest.raises(BadParameter, match="NAME=VALUE"):
        settings([text])


def test_the_command_that_makes_a_run_again_has_all_that_made_it(planned: Planned) -> None:
    plan = replace(planned(), parameters={"lasting": "2m", "name": "two words"})
    assert run_command(plan, workers=Workers.SCRIPTED, where=where("live")) == (
        "harness run cut-off-worker --seed 7 --set lasting=2m --set 'name=two words'"
        " --workers scripted --world live"
    )
    assert run_command(planned()) == "harness run cut-off-worker --seed 7"
    assert run_command(planned(), tls=Tls.MUTUAL) == "harness run cut-off-worker --seed 7 --tls mutual"


def test_a_run_over_tls_says_so_and_its_plan_replays_over_tls(harness: Harness) -> None:
    code, out, _ = harness("run", "quiet", "--set", "tasks=2", "--workers", "scripted", "--tls", "mutual")
    assert code == 0
    assert "         over mutual TLS" in out.splitlines()
    code, again, _ = harness("replay", "runs/quiet-1")
    assert code == 0
    assert "         over mutual TLS" in again.splitlines()
    plain, _, _ = harness("run", "quiet", "--set", "tasks=2", "--workers", "scripted", "--no-store")
    assert plain == 0


def test_the_replay_command_is_one_that_a_shell_understands() -> None:
    assert replay_command(Path("runs/my run/plan.json")) == "harness replay 'runs/my run/plan.json'"
    assert replay_command(Path("p"), where=where("live", "airflow"), edited=True) == (
        "harness replay p --edited --world live --server airflow"
    )


def test_a_run_is_rendered_as_story_and_summary(finished: Run) -> None:
    story, summary = render(finished, replay="harness replay it")
    assert story.splitlines()[0] == "cut-off-worker · seed 7 · sim · VALID"
    assert story.endswith("harness replay it\n")
    assert "25m of the world's time in 0.2 s of wall time" in story
    assert (summary["wall_seconds"], summary["digest"]) == (0.25, finished.digest)


def test_a_stored_run_is_judged_again_without_running_it(
    harness: Harness, finished: Run, tmp_path: Path
) -> None:
    folder = store.reserve(finished.plan, runs=tmp_path / "runs")
    _, summary = render(finished, replay="harness replay it")
    store.keep(folder, history=finished.history, story="", summary=summary)
    code, out, err = harness("check", "runs/cut-off-worker-7")
    assert (code, err) == (0, "")
    assert out.splitlines()[-1] == "harness replay runs/cut-off-worker-7/plan.json"
    code, out, _ = harness("check", "runs/cut-off-worker-7/history.jsonl", "--json")
    assert json.loads(out)["verdict"] == "valid"
    verdict = folder / "verdict.json"
    verdict.write_text(json.dumps({**summary, "verdict": "invalid", "exit_code": 1}))
    code, out, err = harness("check", "runs/cut-off-worker-7", "--json")
    assert (code, json.loads(out)["verdict"], err) == (
        0,
        "valid",
        (
            "harness: runs/cut-off-worker-7/verdict.json says otherwise: verdict was 'invalid' and is 'valid';"
            " exit_code was 1 and is 0; it was edited, or another release wrote it\n"
        ),
    )


def test_checking_tells_by_its_code_what_was_broken(
    harness: Harness, past: Past, of: Of, planned: Planned, tmp_path: Path
) -> None:
    folder = store.reserve(planned(), runs=tmp_path / "runs")
    illegal = (
        "1s server api ok task_instance key=x old=success new=running cause=x dag_id=a task_id=b run_id=c"
    )
    history = of(planned(), past(FETCHED.replace("\n5m", f"\n{illegal}\n5m")))
    store.keep(folder, history=history, story="", summary={"digest": history.digest()})
    (folder / "verdict.json").unlink()
    assert harness("check", str(folder))[::2] == (1, "")


def test_an_edited_history_is_judged_only_when_that_is_meant(harness: Harness, tmp_path: Path) -> None:
    harness("run", "quiet", "--out", "mine", *QUICK)
    history = tmp_path / "mine" / "history.jsonl"
    history.write_text(history.read_text().replace('"new":"success"', '"new":"failed"'))
    code, out, err = harness("check", "mine")
    assert (code, out) == (64, "")
    assert err.startswith("harness: mine/history.jsonl is not the history that verdict.json was made of")
    assert harness("check", "mine", "--edited")[0] == 1


def test_a_history_of_another_plan_is_refused(harness: Harness, tmp_path: Path) -> None:
    for seed in ("1", "2"):
        harness("run", "quiet", "--seed", seed, "--out", seed, *QUICK)
    (tmp_path / "1" / "history.jsonl").replace(tmp_path / "2" / "history.jsonl")
    code, out, err = harness("check", "2")
    assert (code, out) == (64, "")
    assert "is not a history of the plan.json beside it" in err


@pytest.mark.parametrize("name", ["history.jsonl", "plan.json", "verdict.json"])
def test_a_file_nested_without_end_is_refused(harness: Harness, tmp_path: Path, name: str) -> None:
    harness("run", "quiet", "--out", "mine", *QUICK)
    for text in ("[" * 100_000, '{"a":' * 900 + "1" + "}" * 900):
        (tmp_path / "mine" / name).write_text(text)
        code, out, err = harness("check", "mine")
        assert (code, out, err.count("\n")) == (64, "", 1)


@pytest.mark.parametrize("scenario", [entry.name for entry in catalogue.entries()])
def test_the_history_of_every_scenario_is_one_that_can_be_checked(harness: Harness, scenario: str) -> None:
    ran = json.loads(harness("run", scenario, "--workers", "scripted", "--out", "mine", "--json")[1])
    checked = json.loads(harness("check", "mine", "--json")[1])
    assert (checked["digest"], checked["verdict"]) == (ran["digest"], ran["verdict"])


def test_the_seed_and_the_replay_command_come_first_and_the_replay_command_last(harness: Harness) -> None:
    code, out, err = harness("run", "quiet", *QUICK)
    lines = out.splitlines()
    assert (code, err) == (0, "")
    assert lines[:2] == [
        "quiet, seed 1 (the default: --seed N draws another run)",
        "harness replay runs/quiet-1/plan.json",
    ]
    assert lines[-1] == "harness replay runs/quiet-1/plan.json"


def test_a_stored_run_replays_to_the_same_history(harness: Harness) -> None:
    first = json.loads(harness("run", "quiet", "--seed", "5", "--json", *QUICK)[1])
    again = json.loads(harness(*first["replay"].split()[1:], "--json")[1])
    assert again["digest"] == first["digest"]
    assert json.loads(harness("check", "runs/latest", "--json")[1])["digest"] == first["digest"]


def test_with_json_stdout_is_one_object_and_the_rest_is_on_stderr(harness: Harness) -> None:
    code, out, err = harness("run", "quiet", "--json", "--no-store", *QUICK)
    summary = json.loads(out)
    assert (code, summary["exit_code"], summary["verdict"], out.count("\n")) == (0, 0, "valid", 1)
    assert err.splitlines()[0].startswith("quiet, seed 1")
    assert summary["replay"] == "harness run quiet --seed 1 --set tasks=2 --set workers=1 --workers scripted"


def test_without_a_store_nothing_is_written(harness: Harness, tmp_path: Path) -> None:
    harness("run", "quiet", "--no-store", *QUICK)
    assert list(tmp_path.iterdir()) == []


def test_the_run_is_stored_where_out_says_and_latest_stays(harness: Harness, tmp_path: Path) -> None:
    code, out, _ = harness("run", "quiet", "--out", "mine", *QUICK)
    assert code == 0
    assert out.splitlines()[1] == "harness replay mine/plan.json"
    assert sorted(path.name for path in (tmp_path / "mine").iterdir()) == [
        "history.jsonl",
        "plan.json",
        "story.txt",
        "verdict.json",
    ]
    assert [path.name for path in tmp_path.iterdir()] == ["mine"]


def test_out_that_is_not_empty_is_refused_before_anything_runs(harness: Harness, tmp_path: Path) -> None:
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "notes").touch()
    code, out, err = harness("run", "quiet", "--out", "mine", *QUICK)
    assert (code, out) == (64, "")
    assert "--out mine is not empty" in err


def test_an_edited_plan_replays_only_when_that_is_meant(harness: Harness, tmp_path: Path) -> None:
    harness("run", "quiet", "--out", "mine", *QUICK)
    plan = tmp_path / "mine" / "plan.json"
    plan.write_text(plan.read_text().replace('"settle": "', '"settle": "1m'))
    code, _, err = harness("replay", "mine")
    assert code == 64
    assert "add --edited" in err
    code, out, _ = harness("replay", "mine", "--edited")
    assert code == 0
    assert out.splitlines()[-1] == "harness replay mine/plan.json --edited"


@pytest.mark.parametrize("command", ["check", "replay", "run quiet --out", "serve --state", "proxy --config"])
def test_a_path_that_is_empty_is_not_the_folder_one_is_in(
    harness: Harness, tmp_path: Path, command: str
) -> None:
    code, out, err = harness(*command.split(), "")
    assert (code, out) == (64, "")
    assert "it is empty: give a path, `.` for this folder" in err
    assert list(tmp_path.iterdir()) == []


def test_what_a_terminal_would_obey_reaches_it_from_no_plan(harness: Harness, tmp_path: Path) -> None:
    harness("run", "quiet", "--out", "mine", *QUICK)
    plan = tmp_path / "mine" / "plan.json"
    plan.write_text(plan.read_text().replace('"quiet"', '"\\u001b[31m\\nVerdict  valid"'))
    code, out, err = harness("replay", "mine", "--edited")
    assert (code, out, err.count("\n")) == (64, "", 1)
    assert err[:-1].isprintable()
    assert "the scenario cannot be named" in err


def test_a_server_that_the_world_has_not_leaves_no_folder_behind(harness: Harness, tmp_path: Path) -> None:
    code, _, err = harness("run", "quiet", "--server", "airflow", *QUICK)
    assert code == 64
    assert "take --world live" in err
    assert list(tmp_path.glob("runs/*")) == []
