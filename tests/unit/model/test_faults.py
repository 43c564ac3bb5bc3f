from dataclasses import fields

import pytest

from harness.model.faults import FAULTS, Kill, Partition, ResetPeer, RestartServer, ends_at, hosts
from harness.units import minutes, seconds

CUT = Partition(a="worker-1", b="api", at=minutes(1), lasting=minutes(2))


def test_a_fault_ends_when_it_has_lasted_or_never_by_itself() -> None:
    assert ends_at(CUT) == minutes(3)
    assert ends_at(Kill(target="worker-1", at=minutes(1))) is None
    assert ends_at(ResetPeer(a="worker-1", b="api", at=minutes(1))) is None


def test_a_fault_is_about_a_link_or_about_one_host() -> None:
    assert hosts(CUT) == ("worker-1", "api")
    assert hosts(Kill(target="worker-*", at=seconds(1))) == ("worker-*",)
    assert hosts(RestartServer(at=seconds(1))) == ("api",)


@pytest.mark.parametrize("kind", FAULTS)
def test_every_fault_says_when_and_to_whom_and_what_it_does(kind: type) -> None:
    names = {field.name for field in fields(kind)}
    assert "at" in names
    assert "target" in names or {"a", "b"} <= names
    assert kind.__doc__
