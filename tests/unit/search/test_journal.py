from __future__ import annotations

from pathlib import Path

import pytest

from harness.errors import BadParameter, UsageError
from harness.search.journal import FILE, Record, header, opened, read
from harness.search.outcome import Outcome, State

FIRST = header("exhaust", scenario="quiet")


def _record(key: str) -> Record:
    outcome = Outcome(
        state=State.INVALID, exit_code=2, seconds=0.5, broken=("one", "two"), summary="it broke"
    )
    return Record(key=key, plan="ab12", outcome=outcome, kept="plans/a", new=("ti.run ok 200",))


def _filled(folder: Path) -> Path:
    with opened(folder, FIRST) as journal:
        journal.append(_record("a"))
        journal.append(_record("b"))
    return folder / FILE


def test_what_was_found_reads_back_equal(tmp_path: Path) -> None:
    _filled(tmp_path)
    assert read(tmp_path) == (FIRST, [_record("a"), _record("b")])


def test_a_search_goes_on_where_it_was_broken_off(tmp_path: Path) -> None:
    _filled(tmp_path)
    with opened(tmp_path, FIRST) as journal:
        assert [record.key for record in journal.records] == ["a", "b"]
        journal.append(_record("c"))
    assert [record.key for record in read(tmp_path)[1]] == ["a", "b", "c"]


def test_a_search_killed_at_any_byte_loses_its_last_record_at_most(tmp_path: Path) -> None:
    whole = _filled(tmp_path).read_bytes()
    ends = [n + 1 for n, byte in enumerate(whole) if byte == ord("\n")]
    for cut in range(0, len(whole), 29):
        (tmp_path / FILE).write_bytes(whole[:cut])
        with opened(tmp_path, FIRST) as journal:
            assert len(journal.records) == max(0, sum(end <= cut for end in ends) - 1)
            journal.append(_record("z"))
        assert read(tmp_path)[1][-1] == _record("z")


def test_the_folder_of_another_search_is_refused_and_stays_as_it_was(tmp_path: Path) -> None:
    before = _filled(tmp_path).read_bytes()
    with (
        pytest.raises(UsageError, match="has another search, of scenario quiet, not storm"),
        opened(tmp_path, header("exhaust", scenario="storm")),
    ):
        pass
    assert (tmp_path / FILE).read_bytes() == before


@pytest.mark.parametrize("text", ["hello", "hello\n", "{}\n", '{"format": "other", "version": 1}\n', "[]\n"])
def test_a_file_of_another_kind_is_refused_and_stays_as_it_was(tmp_path: Path, text: str) -> None:
    (tmp_path / FILE).write_text(text)
    with pytest.raises(UsageError, match=r"no .*search"), opened(tmp_path, FIRST):
        pass
    assert (tmp_path / FILE).read_text() == text


def test_two_searches_do_not_write_to_one_file(tmp_path: Path) -> None:
    with (
        opened(tmp_path, FIRST),
        pytest.raises(UsageError, match="another search writes"),
        opened(tmp_path, FIRST),
    ):
        pass


def test_a_file_that_is_not_there_cannot_be_compared(tmp_path: Path) -> None:
    with pytest.raises(BadParameter, match="cannot be read"):
        read(tmp_path / "nowhere.jsonl")
