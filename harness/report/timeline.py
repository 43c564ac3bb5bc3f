"""The timeline of the story: notes condensed until they fit the screen, in the order of time."""

from __future__ import annotations

import textwrap
from collections.abc import Iterable
from dataclasses import dataclass, field

from harness.model.history import History
from harness.model.moments import moment
from harness.model.plan import Plan
from harness.model.verdict import Verdict
from harness.report.notes import Note, notes
from harness.units import minutes, nanoseconds, seconds

_NEVER = 1 << 62
_CLOSE = nanoseconds(seconds(30))


@dataclass(frozen=True, slots=True, kw_only=True)
class _Level:
    """How close notes, and landmarks, must be to become one line; whether across different who, and different what."""

    gap: int = _NEVER
    landmark_gap: int = _CLOSE
    across: bool = False
    kin: bool = False


# tried in turn until all fits
_LEVELS = (
    _Level(gap=_CLOSE),
    _Level(gap=nanoseconds(minutes(5))),
    _Level(),
    _Level(across=True),
    _Level(across=True, landmark_gap=_NEVER),
    _Level(across=True, landmark_gap=_NEVER, kin=True),
)
_ABOUTS = 3
WIDTH = 100


@dataclass(slots=True)
class _Line:
    """One line in the making: so many notes of one kind."""

    first: Note
    last: Note
    names: dict[str, int]
    count: int = 1
    abouts: dict[str, int] = field(default_factory=dict)
    who: dict[str, None] = field(default_factory=dict)
    kept: bool = False

    @property
    def t(self) -> int:
        return self.last.t if self.first.last else self.first.t

    def add(self, note: Note) -> None:
        self.last = note
        self.names[note.name] = self.names.get(note.name, 0) + 1
        self.count += 1
        self.abouts[note.about] = self.abouts.get(note.about, 0) + 1
        self.who[note.who] = None
        self.kept = self.kept or note.kept


def timeline(history: History, plan: Plan, verdict: Verdict, *, most: int = 20) -> list[str]:
    """When, who, what, with counts, in at most `most` lines unless the landmarks alone are more.

    Landmarks are told however little room there is: the acts, where faults begin and end, where workers
    exit, and what the counterexamples show. They are condensed, all beginnings of faults to one line if need be,
    until they leave half of the room to what came of them. What does not fit is left out of the middle and
    counted there.
    """
    noted = list(notes(history, plan, verdict))
    lines: list[_Line] = []
    for level in _LEVELS:
        lines = _condense(noted, level)
        if len(lines) <= most:
            return _wrapped([_text(line) for line in lines], most=most)
        if level.across and sum(line.kept for line in lines) <= most // 2:
            break
    return _without_the_middle(lines, most=most)


def _without_the_middle(lines: list[_Line], *, most: int) -> list[str]:
    """The lines, so many left out as do not fit, of those that are no landmarks; a line in their place counts them."""
    plain = [n for n, line in enumerate(lines) if not line.kept]
    left = min(len(lines) - most + 1, len(plain))
    start = (len(plain) - left + 1) // 2
    out = set(plain[start : start + left])
    texts = [_text(line) for n, line in enumerate(lines) if n not in out]
    if out:
        remark = (
            f"{'':>9}  {'…':<10}  and {left} line{'' if left == 1 else 's'} more: the history has them all"
        )
        texts.insert(min(out), remark)
    return texts


def _wrapped(texts: list[str], *, most: int) -> list[str]:
    """Long lines over two, as long as there is room; the rest is for the story to cut."""
    room = most - len(texts)
    lines: list[str] = []
    for text in texts:
        parts = textwrap.wrap(text, WIDTH, subsequent_indent=" " * 25, max_lines=2, placeholder=" …")
        whole = len(parts) > 1 and room > 0
        room -= whole
        lines += parts if whole else [text]
    return lines


def _condense(noted: Iterable[Note], level: _Level) -> list[_Line]:
    lines: list[_Line] = []
    current: dict[tuple[str, str, str], _Line] = {}
    for note in noted:
        what = note.kin or note.what if level.kin else note.what
        key = (note.things, what, "" if level.across or note.shared else note.who)
        line = current.get(key)
        if line and (note.whole or note.t - line.last.t <= (level.landmark_gap if note.kept else level.gap)):
            line.add(note)
        else:
            line = _Line(note, note, {note.name: 1}, 1, {note.about: 1}, {note.who: None}, note.kept)
            current[key] = line
            lines.append(line)
    return sorted(lines, key=lambda line: line.t)


def _text(line: _Line) -> str:
    what = _what(line)
    if about := _abouts(line):
        what = f"{what}: {about}"
    return f"{moment(line.t):>9}  {_who(line):<10}  {what}"


def _what(line: _Line) -> str:
    note = line.first
    several = len(line.who) > 1 if note.last else line.count > 1
    what = note.many if note.many and several else note.what
    if line.count == 1 or note.last:
        return f"{note.things} {what}".lstrip()
    text = f"{line.count} {note.things}s {what}" if note.things else f"{line.count} × {what}"
    if len(line.names) > 1:
        text = f"{line.count} {note.kin}"
    until = moment(line.last.t)
    return text if until == moment(note.t) else f"{text} until {until}"


def _abouts(line: _Line) -> str:
    if line.first.last:
        return line.last.about
    if len(line.names) > 1:
        return ", ".join(_times(line.names))
    names = _times(line.abouts)
    if len(line.abouts) == 1:
        names = list(line.abouts)
    if len(names) == 1:
        return names[0]
    shown = "; ".join(_cut(name) for name in names[:_ABOUTS])
    more = len(names) - _ABOUTS
    return f"{shown} and {more} more" if more > 0 else shown


def _times(counted: dict[str, int]) -> list[str]:
    return [name if times == 1 else f"{name} ×{times}" for name, times in counted.items() if name]


def _who(line: _Line) -> str:
    names = list(line.who)
    if len(names) == 1:
        return names[0]
    return (
        f"{len(names)} workers" if all(name.startswith("worker") for name in names) else f"{len(names)} hosts"
    )


def _cut(text: str, most: int = 60) -> str:
    text = " ".join(text.split())
    return text if len(text) <= most else text[: most - 1] + "…"
