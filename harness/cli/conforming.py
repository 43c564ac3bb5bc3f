"""`harness conform`: the fake held against a released server, against anybody's, or against recordings."""

from __future__ import annotations

import argparse
import json
import os
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import asdict, replace
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from harness.errors import BadParameter, BadRecording, MissingExtra, NotStarted
from harness.model.verdict import EXIT_UNKNOWN

if TYPE_CHECKING:
    from harness.conformance.arms import Arm
    from harness.conformance.case import Case
    from harness.conformance.comparing import Difference, Divergence

SECRET = "AIRFLOW__API_AUTH__JWT_SECRET"  # noqa: S105 - the variable's name
ADMIN_TOKEN = "HARNESS_ADMIN_TOKEN"  # noqa: S105


def conform(arguments: argparse.Namespace) -> int:
    """Compare, print what differs, and say so with the exit code: 0 alike, 1 different, 3 nothing compared."""
    try:
        import harness.conformance.replaying  # noqa: F401 - all of its needs
    except ModuleNotFoundError as error:
        raise MissingExtra(f"the conformance suite needs {error.name}: install it") from None
    if arguments.recordings:
        return _recordings(arguments.recordings, as_json=arguments.json)
    if arguments.url:
        return _url(arguments.url, arguments.only, as_json=arguments.json)
    return _released(arguments.release, arguments.database, arguments.only, as_json=arguments.json)


def _recordings(folder: Path, *, as_json: bool) -> int:
    from harness.conformance import report
    from harness.conformance.replaying import Replay, replay

    done, unread = list[Replay](), list[str]()
    for path in _files(folder):
        try:
            done.append(replay(path))
        except BadRecording as error:
            unread.append(str(error))
    if as_json:
        files = [
            {"file": str(each.path), "steps": each.steps, "differences": _plain(each.differences)}
            for each in done
        ]
        print(json.dumps({"files": files}, indent=2, ensure_ascii=False))
    else:
        print("\n".join(report.replays(done)))
    if unread:
        raise BadRecording("; ".join(unread))
    return _exit(sum(each.steps for each in done), [found for each in done for found in each.differences])


def _files(path: Path) -> list[Path]:
    if not path.exists():
        raise BadRecording(f"{path} does not exist: give a recording, or a folder of them")
    files = sorted(path.glob("*.json")) if path.is_dir() else [path]
    if not files:
        raise BadRecording(f"{path} holds no *.json: give a folder of recordings")
    return files


def _url(url: str, only: str, *, as_json: bool) -> int:
    from fake_api import create_app
    from harness.conformance.attached import AttachedArm, Reference, why_not
    from harness.conformance.divergences import SUITE
    from harness.live.servers import unused_name

    if urlsplit(url).scheme not in ("http", "https") or not urlsplit(url).netloc:
        raise BadParameter(f"--url {url}: give one such as http://127.0.0.1:8080")
    secret = os.environ.get(SECRET)
    if not secret:
        raise BadParameter(f"--url needs the secret that the server signs tokens with: set {SECRET}")
    mine = unused_name()  # a server keeps what earlier runs of the suite made
    cases = [replace(case, dag=f"c{mine}.{case.dag_id}") for case in _cases(only)]
    with closing(AttachedArm(url, secret, admin_token=os.environ.get(ADMIN_TOKEN))) as arm:
        if not arm.is_up():
            raise NotStarted(
                f"nothing answers at {url}/execution/health: start the server, or give another --url"
            )
        reasons = {case.name: why_not(case, admin=arm.admin) for case in cases}
        playable = [case for case in cases if reasons[case.name] is None]
        with Reference(lambda state: create_app(state, admin=True), admin=arm.admin) as reference:
            return _compare(playable, reference, arm, SUITE, _by_reason(reasons), as_json=as_json)


def _by_reason(reasons: Mapping[str, str | None]) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for name, why in reasons.items():
        if why:
            found.setdefault(why, []).append(name)
    return found


def _released(release: str, database: str, only: str, *, as_json: bool) -> int:
    from harness.conformance.divergences import DATABASES, meant
    from harness.conformance.faking import FakeArm
    from harness.conformance.released import ReleasedArm
    from harness.live.servers import api_server

    cases = _cases(only)
    print(f"harness: setting up airflow-core {release} over {database}", file=sys.stderr, flush=True)
    requirement = f"apache-airflow-core=={release}"
    with (
        api_server(database=database, requirement=requirement) as server,
        closing(ReleasedArm(server)) as arm,
        FakeArm(database=DATABASES[database]) as fake,
    ):
        return _compare(cases, arm, fake, meant(database), {}, as_json=as_json)


def _cases(only: str) -> list[Case]:
    from harness.conformance.suite import CASES

    cases = [case for case in CASES if only in case.name]
    if not cases:
        raise BadParameter(
            f"--only {only}: no case has that in its name; there are {', '.join(_some(CASES))}, …"
        )
    return cases


def _some(cases: Sequence[Case]) -> Iterator[str]:
    return (case.name for case in cases[:: len(cases) // 5])


def _compare(
    cases: Sequence[Case],
    expected: Arm,
    actual: Arm,
    meant: Sequence[Divergence],
    left_out: dict[str, list[str]],
    *,
    as_json: bool,
) -> int:
    from harness.conformance import report
    from harness.conformance.arms import play
    from harness.conformance.comparing import differences, unmeant
    from harness.conformance.suite import calls

    found: list[Difference] = []
    for case in cases:
        found += unmeant(differences(play(case, expected), play(case, actual)), meant)
    count = len(calls(tuple(cases)))
    if as_json:
        told = {"cases": len(cases), "calls": count, "differences": _plain(found), "not_exercised": left_out}
        print(json.dumps(told, indent=2, ensure_ascii=False))
    else:
        print("\n".join(report.suite(cases=len(cases), calls=count, found=found, left_out=left_out)))
    return _exit(len(cases), found)


def _plain(found: Sequence[Difference]) -> list[dict[str, object]]:
    return [asdict(each) for each in found]


def _exit(compared: int, found: Sequence[Difference]) -> int:
    if not compared:
        return EXIT_UNKNOWN
    return 1 if found else 0
