"""Tokens are checked: what the server grants, it grants to whom the token was made for, as long as it was made for."""

from __future__ import annotations

from collections.abc import Iterator

from harness.invariants.registry import Finding, Unwitnessed, safety
from harness.model.history import Event, History
from harness.model.moments import moment
from harness.model.options import values
from harness.model.plan import Plan

ROUNDING = 1.0
"""Seconds: a token's times are whole ones."""


@safety
def tokens_are_checked(history: History, plan: Plan) -> Iterator[Finding]:
    """No call goes well with a token that had expired before it was sent, or with that of another task instance."""
    leeway = values(plan.options)["api_auth.jwt_leeway"]
    epoch = history.header.get("epoch")
    granted = carried = 0
    for asked, answer in history.pairs(witness="client"):
        if answer is None or answer.type != "ok":
            continue
        granted += 1
        if "exp" not in asked.value:
            continue
        carried += 1
        if epoch is not None and (late := asked.seconds + epoch - asked.value["exp"]) > leeway + ROUNDING:
            yield _finding(asked, answer, f"with a token that had expired {late:.0f} s before")
        elif _of_another(asked):
            yield _finding(asked, answer, f"with the token of {asked.value['sub']}")
    if carried and epoch is None:
        raise Unwitnessed("the history does not say at which time of the clock it begins")
    if granted and not carried and epoch is not None:  # a world that notes one notes the other
        raise Unwitnessed("nobody saw the tokens of the calls")


def _of_another(asked: Event) -> bool:
    ti, sub = asked.value.get("ti"), asked.value.get("sub")
    return ti is not None and sub is not None and ti != sub


def _finding(asked: Event, answer: Event, how: str) -> Finding:
    whose = f" of {asked.value['ti']}" if "ti" in asked.value else ""
    return Finding(
        f"{asked.process} was granted {asked.f}{whose} at {moment(answer.t)} {how}", (asked.n, answer.n)
    )
