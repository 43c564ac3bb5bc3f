"""Mutants nobody thought of: `… COVERING [SAMPLE] [SEED]` tries so many at random, and prints those that survive.

COVERING is what covering.py wrote down. This looks for holes in the suite, and takes minutes: no test runs it.
"""

from __future__ import annotations

import ast
import json
import sys
from collections import Counter
from collections.abc import Iterator
from copy import deepcopy
from pathlib import Path
from random import Random
from typing import NamedTuple

from tests.conformance.covering import UNDER_TRIAL, Covering
from tests.conformance.mutating import ROOT, Finding, Trial, try_all

OPPOSITE: dict[type[ast.cmpop], ast.cmpop] = {
    ast.Eq: ast.NotEq(), ast.NotEq: ast.Eq(), ast.Is: ast.IsNot(), ast.IsNot: ast.Is(), ast.In: ast.NotIn(),
    ast.NotIn: ast.In(), ast.Lt: ast.LtE(), ast.LtE: ast.Lt(), ast.Gt: ast.GtE(), ast.GtE: ast.Gt(),
}  # fmt: skip


class Sweeping(NamedTuple):
    """A mutant made by rule: where, what, and the whole new source."""

    file: str
    line: int
    what: str
    source: str


def changes(node: ast.AST) -> Iterator[tuple[str, ast.AST]]:
    """What each rule makes of a node."""
    match node:
        case ast.Compare(ops=[op]):
            yield "compared otherwise", ast.Compare(node.left, [OPPOSITE[type(op)]], node.comparators)
        case ast.BoolOp():
            other = ast.Or() if isinstance(node.op, ast.And) else ast.And()
            yield "and ↔ or", ast.BoolOp(other, node.values)
        case ast.UnaryOp(op=ast.Not()):
            yield "not dropped", node.operand
        case ast.Constant(value=int(value)) if not isinstance(value, bool):
            yield f"{value} → {value + 1}", ast.Constant(value + 1)
        case ast.Constant(value=bool(value)):
            yield f"{value} → {not value}", ast.Constant(not value)
        case ast.Return(value=value) if value is not None:
            yield "return dropped", ast.Expr(value)
        case ast.IfExp():
            yield "if ↔ else", ast.IfExp(node.test, node.orelse, node.body)
        case ast.keyword(arg=str(name), value=value) if not isinstance(value, ast.Constant):
            yield f"{name}=None", ast.keyword(name, ast.Constant(None))


def mutants(file: Path) -> Iterator[Sweeping]:
    """Every mutant of a file."""
    tree = ast.parse(file.read_text())
    for position, node in enumerate(ast.walk(tree)):
        for what, new in changes(node):
            copy = deepcopy(tree)
            target = list(ast.walk(copy))[position]
            changed = _Exchange(target, new).visit(copy)
            line: int = getattr(node, "lineno", 0)
            yield Sweeping(
                str(file.relative_to(ROOT)), line, what, ast.unparse(ast.fix_missing_locations(changed))
            )


class _Exchange(ast.NodeTransformer):
    def __init__(self, old: ast.AST, new: ast.AST) -> None:
        self._old, self._new = old, new

    def visit(self, node: ast.AST) -> ast.AST:
        return self._new if node is self._old else self.generic_visit(node)


def trial(mutant: Sweeping, covering: Covering, weight: Counter[str]) -> Trial:
    """Asks all that run through the line: the cases and recordings that do little else first, then the tests."""
    lines = covering.get(mutant.file, {})
    asked = set(lines.get(mutant.line, ())) or {each for found in lines.values() for each in found}
    ordered = sorted(asked, key=lambda each: (weight[each], each))
    tests = "\n".join(each.removeprefix("test ") for each in ordered if each.startswith("test "))
    suite = [each for each in ordered if not each.startswith("test ")]
    module = mutant.file.removesuffix(".py").removesuffix("/__init__").replace("/", ".")
    return Trial(module=module, source=mutant.source, killers=[*suite, f"test {tests}"] if tests else suite)


def main(covering_file: str, sample: str = "100", seed: str = "1") -> None:
    """Try a sample, and print each survivor and the sum."""
    told = json.loads(Path(covering_file).read_text())
    covering = {file: {int(line): each for line, each in lines.items()} for file, lines in told.items()}
    weight = Counter(each for lines in covering.values() for found in lines.values() for each in found)
    files = [path for folder in UNDER_TRIAL for path in sorted((ROOT / folder).glob("[a-z]*.py"))]
    everything = [each for path in files for each in mutants(path)]
    drawn = Random(int(seed)).sample(everything, min(int(sample), len(everything)))
    sums: Counter[str] = Counter()
    for mutant, finding in zip(drawn, try_all(trial(each, covering, weight) for each in drawn), strict=True):
        sums[_sort(finding)] += 1
        if _sort(finding) == "survived":
            print(f"{mutant.file}:{mutant.line}: {mutant.what}: survived", flush=True)
    print(f"{len(drawn)} of {len(everything)}: {', '.join(f'{kind} {n}' for kind, n in sums.most_common())}")


def _sort(finding: Finding) -> str:
    return "broken" if finding.broken else finding.killer.partition(" ")[0] or "survived"


if __name__ == "__main__":
    main(*sys.argv[1:])
