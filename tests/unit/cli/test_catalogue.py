from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from harness import catalogue
from harness.catalogue import scenario
from harness.errors import BadParameter, UnknownScenario
from harness.model.entries import entry_of, to_text
from harness.model.scenario import Fleet, Scenario
from harness.units import minutes, seconds


def slow_link(
    *,
    lasting: timedelta = minutes(2),
    workers: int = 5,
    loss: float = 0.5,
    silent: bool = False,
    queue: str = "default",
) -> Scenario:
    """The link is slow
    for a while.

    More about it.
    """
    return Scenario(
        fleet=Fleet(count=10 // workers, queues=(queue,)), settle=lasting * (2 if silent else 1) * loss
    )


def test_a_function_becomes_an_entry_named_with_dashes() -> None:
    entry = entry_of(slow_link)
    assert (entry.name, entry.doc) == ("slow-link", "The link is slow for a while.")
    assert {name: item.default for name, item in entry.parameters.items()} == {
        "lasting": minutes(2),
        "workers": 5,
        "loss": 0.5,
        "silent": False,
        "queue": "default",
    }


def test_texts_are_parsed_by_the_types_of_the_parameters() -> None:
    built = entry_of(slow_link).build(lasting="90s", workers="2", loss="1", silent="yes", queue="gpu")
    assert built == Scenario(fleet=Fleet(count=5, queues=("gpu",)), settle=minutes(3))


def test_what_is_not_set_has_its_default() -> None:
    assert entry_of(slow_link).build() == slow_link()


@pytest.mark.parametrize(
    ("texts", "complaint"),
    [
        ({"lasting": "soon"}, "lasting='soon': it takes a duration, such as lasting=2m"),
        ({"workers": "2.5"}, "workers='2.5': it takes an integer, such as workers=5"),
        ({"loss": "nan"}, "loss='nan': it takes a number, such as loss=0.5"),
        ({"loss": "inf"}, "loss='inf': it takes a number"),
        ({"silent": "maybe"}, "silent='maybe': it takes true or false, such as silent=false"),
        ({"worker": "1"}, "slow-link: there is no parameter 'worker': did you mean 'workers'?"),
        ({"lasting": "31d"}, "lasting='31d': 744h is too long: a run holds at most 30 days"),
        ({"lasting": "999999999d"}, "is too long: a run holds at most 30 days"),
        ({"queue": "\udcff"}, "holds half of a surrogate pair"),
        ({"workers": "0"}, "slow-link cannot be made with workers=0: "),
        ({"workers": "0"}, "ZeroDivisionError: integer division or modulo by zero"),
    ],
)
def test_what_does_not_fit_is_named_with_an_example(texts: dict[str, str], complaint: str) -> None:
    with pytest.raises(BadParameter) as raised:
        entry_of(slow_link).build(**texts)
    assert complaint in str(raised.value)


def positional(lasting: timedelta = minutes(1)) -> Scenario:
    return Scenario()


def without_default(*, lasting: timedelta) -> Scenario:
    return Scenario()


def untyped(*, lasting=minutes(1)) -> Scenario:
    return Scenario()


async def asynchronous() -> Scenario:
    return Scenario()


def of_another_type(*, lasting: timedelta = 60) -> Scenario:  # type: ignore[assignment]
    return Scenario()


@pytest.mark.parametrize(
    ("make", "complaint"),
    [
        (positional, "make lasting keyword-only and give it a default"),
        (without_default, "make lasting keyword-only and give it a default"),
        (untyped, "lasting must be a timedelta, int, float, bool or str"),
        (
            of_another_type,
            r"test_catalogue\.py:\d+: of_another_type: the default of lasting: 60 is not a duration",
        ),
        (Scenario, "is no plain function: put @scenario above one that returns a Scenario"),
        (asynchronous, "is no plain function"),
    ],
)
def test_a_function_that_the_command_line_could_not_call_is_refused(
    make: Callable[..., Any], complaint: str
) -> None:
    with pytest.raises(BadParameter, match=complaint):
        entry_of(make)


def gives_nothing() -> Scenario:
    return None  # type: ignore[return-value]


def runs_away() -> Scenario:
    raise RuntimeError


@pytest.mark.parametrize(
    ("make", "complaint"),
    [
        (gives_nothing, r"^gives-nothing in .*test_catalogue\.py gives None: let it return a Scenario\(…\)$"),
        (runs_away, r"^runs-away cannot be made: .*test_catalogue\.py:\d+: RuntimeError$"),
    ],
)
def test_a_function_that_makes_no_scenario_is_told(make: Callable[..., Scenario], complaint: str) -> None:
    with pytest.raises(BadParameter, match=complaint):
        entry_of(make).build()


def test_a_scenario_is_found_by_its_name_and_a_name_is_given_once(monkeypatch: pytest.MonkeyPatch) -> None:
    catalogue.entries()  # all is there that others know; what is added here they do not meet
    monkeypatch.setattr(catalogue, "_CATALOGUE", dict(catalogue._CATALOGUE))

    @scenario
    def known_to_this_test_alone(*, lasting: timedelta = seconds(1)) -> Scenario:
        """Nothing happens."""
        return Scenario(settle=lasting)

    assert catalogue.find("known-to-this-test-alone").build(lasting="5s").settle == seconds(5)
    with pytest.raises(BadParameter, match="there is a scenario 'known-to-this-test-alone' already"):
        scenario(known_to_this_test_alone)


def test_a_name_that_is_not_there_names_the_nearest() -> None:
    with pytest.raises(UnknownScenario, match="did you mean 'cut-off-worker'"):
        catalogue.find("cutoff-worker")


def test_a_name_may_be_written_as_the_function_has_it() -> None:
    assert catalogue.find("cut_off_worker") is catalogue.find("cut-off-worker")


def test_every_scenario_of_the_catalogue_says_what_it_is_about_and_can_be_made() -> None:
    entries = catalogue.entries()
    assert [entry.name for entry in entries if not entry.doc.endswith((".", "?"))] == []
    for entry in entries:
        texts = {name: to_text(item.default) for name, item in entry.parameters.items()}
        assert isinstance(entry.build(**texts), Scenario)
