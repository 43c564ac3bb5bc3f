from harness.model.names import no_such


def test_the_nearest_name_is_named() -> None:
    assert (
        no_such("scenario", "Quite", ["quiet", "storm"])
        == "there is no scenario 'Quite': did you mean 'quiet'?"
    )


def test_without_a_near_one_all_are_named() -> None:
    assert no_such("fault", "zzz", ["Kill", "Pause"]) == "there is no fault 'zzz'; there is Kill, Pause"
    assert no_such("fault", "zzz", []) == "there is no fault 'zzz'; there is none at all"


def test_of_many_names_only_the_first_are_listed() -> None:
    known = [f"worker-{n}" for n in range(1, 5001)]
    assert no_such("host", "zzz", known).endswith("worker-29, worker-30 and 4,970 more")
