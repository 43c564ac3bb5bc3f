"""The rules of the fake with one thing wrong each, and what of the suite tells."""

from __future__ import annotations

from dataclasses import dataclass

from tests.conformance.mutating import ROOT


@dataclass(frozen=True, kw_only=True)
class Mutant:
    """One rule that is wrong: `old`, which occurs once in its module of fake_api, is `new`.

    `killed_by` is the `case` of the suite, the `recording`, or the `test` in tests/unit/fake_api that sees it.
    """

    wrong: str
    module: str
    old: str
    new: str
    killed_by: str

    @property
    def source(self) -> str:
        """The source of the module with the rule wrong."""
        path = ROOT / "fake_api" / f"{self.module.replace('.', '/')}.py"
        text = path.read_text()
        assert text.count(self.old) == 1, f"{path} has {text.count(self.old)} times {self.old!r}"
        return text.replace(self.old, self.new)
