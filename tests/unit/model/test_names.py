from harness.model.names import no_such


def test_the_nearest_name_is_named() -> None:
    assert (
        no_such("scenario", "Quite", ["quiet", "storm"])
        == "there is no scenario 'Quite': did you mean 'quiet'?"
    )


def test_without_a_near_one_all_are_named() -> None:
    assert no_such("fault", "zzz", ["Kill", "Pause"]) == "there is no fault 'zzz'; there is Kill, Pause"
    assert no_such("fault", "zzz", []) == "there is no fault 'zzz'; there is none at all"
