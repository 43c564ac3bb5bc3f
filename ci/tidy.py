"""The lint of our own: what no ready-made tool checks, each finding with what to do instead.

    python -m ci.tidy            checks the working tree, prints the findings, exits 1 if there are any

Sizes: no file over 400 lines, no function over 60 (in tests: functions only).
Determinism: outside harness/sim, harness/live and harness/capacity nothing reads the clock, draws entropy or starts a thread
by itself, whether it calls the function or hands it on.
Promises: no TODO in a comment.
"""

from __future__ import annotations

import ast
import io
import re
import sys
import tokenize
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

FILE_LINES_MAX = 400
FUNCTION_LINES_MAX = 60
SIZED = ("harness", "fake_api", "scenarios", "loadtests", "ci")
CHECKED = (*SIZED, "tests")
DETERMINISTIC = ("harness", "fake_api", "scenarios")
# sim makes the clock; live, and capacity with its real servers, live by the real one.
WORLDS = ("harness/sim/", "harness/live/", "harness/capacity/")

_CLOCK = "use the world's clock: ports.Clock.now()"
_IDS = "draw it from a named stream: harness.rng (in fake_api: the injected ids)"
_THREAD = "stay on the loop: the simulation has no threads"
_SLEEP = "wait in the world's time: await asyncio.sleep()"

# A name that ends in a dot bans everything below it.
BANNED = {
    "time.time": _CLOCK,
    "time.time_ns": _CLOCK,
    "time.monotonic": _CLOCK,
    "time.monotonic_ns": _CLOCK,
    "time.sleep": _SLEEP,
    "datetime.datetime.now": _CLOCK,
    "datetime.datetime.utcnow": _CLOCK,
    "datetime.datetime.today": _CLOCK,
    "datetime.date.today": _CLOCK,
    "random.": "use a seeded stream: Streams(seed).named(...)",
    "secrets.": _IDS,
    "os.urandom": _IDS,
    "uuid.uuid1": _IDS,
    "uuid.uuid4": _IDS,
    "uuid.uuid6": _IDS,
    "uuid.uuid7": _IDS,
    "asyncio.to_thread": _THREAD,
    "anyio.to_thread.": _THREAD,
}
# Banned on whatever object: these are methods of a loop.
BANNED_METHODS = {"run_in_executor": _THREAD}
# A seeded generator is the way out rather than the trouble, and comparing draws nothing.
PERMITTED = {"random.Random", "secrets.compare_digest"}

# Path → what it may use. An entry that is no longer needed is a finding too.
ALLOWED: dict[str, frozenset[str]] = {
    # The fake API also runs alone, in real time: here stand the defaults that a simulation replaces.
    "fake_api/defaults.py": frozenset({"datetime.datetime.now", "time.time_ns", "os.urandom"}),
}

_PROMISE = re.compile(r"#.*\b(TODO|FIXME|XXX)\b")


@dataclass(frozen=True, order=True)
class Finding:
    """One thing to mend, and where."""

    path: str
    line: int
    text: str

    def __str__(self) -> str:
        return f"{self.path}:{self.line}: {self.text}"


@dataclass
class Names(ast.NodeVisitor):
    """Collects, with its line, each dotted name that code uses, spelled out in full through its imports."""

    imported: dict[str, str] = field(default_factory=dict)
    used: list[tuple[int, str]] = field(default_factory=list)

    def visit_Import(self, node: ast.Import) -> None:
        for alias in node.names:
            if alias.asname:
                self.imported[alias.asname] = alias.name
            else:
                top = alias.name.partition(".")[0]
                self.imported[top] = top

    def visit_ImportFrom(self, node: ast.ImportFrom) -> None:
        for alias in node.names:
            self.imported[alias.asname or alias.name] = f"{node.module}.{alias.name}"

    def visit_Name(self, node: ast.Name) -> None:
        if isinstance(node.ctx, ast.Load):
            self.used.append((node.lineno, self.imported.get(node.id, node.id)))

    def visit_Attribute(self, node: ast.Attribute) -> None:
        name = self._spelled_out(node)
        if name is None:
            self.used.append((node.lineno, f"?.{node.attr}"))
            self.generic_visit(node)
        else:
            self.used.append((node.lineno, name))

    def visit_Call(self, node: ast.Call) -> None:
        self.generic_visit(node)
        if not node.args and not node.keywords and self._spelled_out(node.func) == "random.Random":
            self.used.append((node.lineno, "random.Random()"))

    def _spelled_out(self, node: ast.expr) -> str | None:
        """`dt.now` as `datetime.datetime.now`; None where it hangs on something other than a name."""
        if isinstance(node, ast.Name):
            return self.imported.get(node.id, f"?{node.id}")
        if isinstance(node, ast.Attribute):
            owner = self._spelled_out(node.value)
            return owner and f"{owner}.{node.attr}"
        return None


def check_sizes(path: str, source: str, tree: ast.Module) -> Iterator[Finding]:
    """Files and functions that have grown too long."""
    lines = source.count("\n")
    if lines > FILE_LINES_MAX and path.startswith(_below(SIZED)):
        yield Finding(path, 1, f"{lines} lines: split it, a file has at most {FILE_LINES_MAX}")
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            length = (node.end_lineno or node.lineno) - node.lineno + 1
            if length > FUNCTION_LINES_MAX:
                text = (
                    f"{node.name}() has {length} lines: split it, a function has at most {FUNCTION_LINES_MAX}"
                )
                yield Finding(path, node.lineno, text)


def check_determinism(path: str, tree: ast.Module) -> Iterator[Finding]:
    """Clocks, entropy and threads that no world controls."""
    if not path.startswith(_below(DETERMINISTIC)) or path.startswith(WORLDS):
        return
    names = Names()
    names.visit(tree)
    allowed = ALLOWED.get(path, frozenset())
    banned = [(line, name, way_out) for line, name in names.used if (way_out := _way_out(name))]
    for line, name, way_out in banned:
        if name not in allowed:
            yield Finding(path, line, f"{name.lstrip('?.')} is banned here: {way_out}")
    for name in sorted(allowed - {name for _, name, _ in banned}):
        yield Finding(path, 1, f"no longer uses {name}: take it out of ALLOWED in ci/tidy.py")


def check_promises(path: str, source: str) -> Iterator[Finding]:
    """Comments that put work off."""
    for token in tokenize.generate_tokens(io.StringIO(source).readline):
        if token.type == tokenize.COMMENT and (promise := _PROMISE.search(token.string)):
            text = f"{promise[1]} in a comment: do it now, or write it down where work is planned"
            yield Finding(path, token.start[0], text)


def check_file(path: str, source: str) -> list[Finding]:
    """All findings in one file; `path` is relative to the repository and decides which rules hold."""
    try:
        tree = ast.parse(source)
    except SyntaxError as error:
        return [Finding(path, error.lineno or 1, f"cannot be read: {error.msg}")]
    return [
        *check_sizes(path, source, tree),
        *check_determinism(path, tree),
        *check_promises(path, source),
    ]


def check_tree(root: Path) -> list[Finding]:
    """All findings in the folders that the rules speak of."""
    files = (file for folder in CHECKED for file in sorted((root / folder).rglob("*.py")))
    return sorted(
        finding
        for file in files
        for finding in check_file(file.relative_to(root).as_posix(), file.read_text(encoding="utf-8"))
    )


def main(arguments: Sequence[str] = ()) -> int:
    """Print the findings below the folder given, or below the repository, and say whether there were any."""
    root = Path(arguments[0]) if arguments else Path(__file__).parents[1]
    findings = check_tree(root)
    for finding in findings:
        print(finding)
    print(f"tidy: {len(findings) or 'no'} finding{'s' * (len(findings) != 1)}")
    return 1 if findings else 0


def _below(folders: Sequence[str]) -> tuple[str, ...]:
    return tuple(f"{folder}/" for folder in folders)


def _way_out(name: str) -> str | None:
    """What to use instead of the name, or None if it may be used."""
    if name in PERMITTED:
        return None
    owner, _, method = name.rpartition(".")
    if owner and method in BANNED_METHODS:
        return BANNED_METHODS[method]
    for banned, way_out in BANNED.items():
        if name == banned or (banned.endswith(".") and name.startswith(banned)):
            return way_out
    return None


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
