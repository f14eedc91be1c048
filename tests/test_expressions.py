"""No regular expression of the tree can go back over a text so often that it takes more than a multiple of its length.

An expression needs the square of a text's length, or worse, where two repetitions without a bound can share the same
characters: whatever stands between them, if anything does, has to be something that one of them cannot take.
https://owasp.org/www-community/attacks/Regular_expression_Denial_of_Service_-_ReDoS
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from re import _constants as code  # type: ignore[attr-defined]
from re import _parser as parser  # type: ignore[attr-defined]
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[1]
FOLDERS = ("data", "inference_lambdas", "local_aws", "pipeline_lambdas", "scripts", "workflows")
CALLS = frozenset(("compile", "match", "fullmatch", "search", "sub", "subn", "split", "findall", "finditer"))
UNANCHORED = frozenset(("search", "sub", "subn", "split", "findall", "finditer"))
MANY = 300
"""A repetition up to so often counts as bounded."""
ALPHABET = frozenset([*map(chr, range(256)), "\u0416", "\u2028", "\ud800"])
BUILT = {
    "local_aws/ecr/registry.py": "names of repositories, in which no two repeats take the same, before a bounded end",
    "local_aws/shapes.py": "patterns of botocore's models; values beyond a length are refused before",
    "local_aws/sagemaker/jobs/training/metrics.py": "the images' definitions; those of a request have a time",
    "local_aws/sagemaker/jobs/training/requests.py": "compiled to be checked, and never matched",
    "local_aws/stepfunctions/language/paths/patterns.py": "patterns of filters, which have a time",
    "local_aws/stepfunctions/language/queries/patterns.py": "patterns of JSONata, which have a time",
    "local_aws/base/functions/names.py": "the pattern of botocore's model, in which no two repeats take the same",
    "local_aws/base/iam/policy_matching.py": "each * takes what it finds first and gives nothing back",
    "scripts/slipway/installation/installation.py": "prefix, environment and release id, each of a bounded length",
    "scripts/slipway/installation/search_inventory.py": "a folder and a release id, each of a bounded length",
    "scripts/slipway/installation/workflow_inventory.py": "a prefix before patterns that are checked here",
    "scripts/slipway/stacks/grants.py": "fnmatch.translate, which never goes back over a *",
    "scripts/slipway/console/workflows/decisions.py": "NAME_PATTERN, one repeat of a bounded length",
    "scripts/slipway/datasets/csv_rules.py": "NUMBER, which is checked here, once for each column with a comma between",
    "pipeline_lambdas/config/rules.py": "the patterns that rules are made with, which are checked here",
    "pipeline_lambdas/config/scripts.py": "compiled to be checked, and never matched",
    "pipeline_lambdas/evidence/learning_curves.py": "the metrics of a model's own config, on lines cut short",
    "pipeline_lambdas/release/names.py": "ids and attempts of a bounded length, with one repeat, at the end",
    "workflows/compose/inputs.py": "the pattern of an input's field, which its author gives and bounds",
    "local_aws/wire.py": "the paths of operations, whose labels end at a slash",
}
"""Modules that build expressions out of what is not a literal, and why that is bounded."""


@dataclass(frozen=True)
class Repeat:
    """A repetition without a bound: what it can take, and what came in between since."""

    takes: frozenset[str]
    between: tuple[frozenset[str], ...] = ()

    def then(self, needed: frozenset[str]) -> Repeat:
        return Repeat(self.takes, (*self.between, needed))

    def shares(self, other: Repeat) -> bool:
        both = self.takes & other.takes
        return bool(both) and all(needed & both for needed in (*self.between, *other.between))


def takes(items: Sequence[Any]) -> frozenset[str]:
    """All characters that a part of an expression can take."""
    found: frozenset[str] = frozenset()
    for name, value in items:
        found |= _characters(name, value) or frozenset().union(*(takes(inner) for inner in _inner(name, value)))
    return found


def problems(items: Sequence[Any], before: list[Repeat]) -> list[str]:
    """What goes back over the same characters; `before` holds the open repetitions, and afterwards those of here."""
    found: list[str] = []
    for name, value in items:
        if name in (code.MAX_REPEAT, code.MIN_REPEAT):
            low, high, inner = value
            if high > MANY and not _repeats(inner):
                repeat = Repeat(takes(inner))
                found += [f"{sorted(repeat.takes & one.takes)[:5]}" for one in before if one.shares(repeat)]
                before[:] = [*([one.then(repeat.takes) for one in before] if low else before), repeat]
                continue
            inside = list(before)
            found += problems([*inner, *inner] if high > MANY else inner, inside)
            before[:] = inside if low else list(dict.fromkeys([*before, *inside]))
        elif name in (code.BRANCH, code.SUBPATTERN, code.ATOMIC_GROUP, code.ASSERT, code.ASSERT_NOT):
            after: list[Repeat] = []
            for inner in _inner(name, value):
                own = list(before)
                found += problems(inner, own)
                after += [one for one in own if one not in after]
            if name not in (code.ASSERT, code.ASSERT_NOT, code.ATOMIC_GROUP):
                before[:] = after
        elif characters := _characters(name, value):
            before[:] = [one.then(characters) for one in before]
    return found


def _repeats(items: Sequence[Any]) -> bool:
    """Whether there is a repetition without a bound in it."""
    repeated = (code.MAX_REPEAT, code.MIN_REPEAT)
    return any(
        (name in repeated and bool(value[1] > MANY)) or any(_repeats(inner) for inner in _inner(name, value))
        for name, value in items
    )


def _up_to_end(items: Sequence[Any]) -> list[Any]:
    """The parts without a repetition at their end, after which nothing is left to fail."""
    *rest, (name, value) = items
    if name in (code.MAX_REPEAT, code.POSSESSIVE_REPEAT) and value[1] > MANY and not _repeats(value[2]):
        return [*rest, *(value[2] if value[0] else ())]
    if name is code.SUBPATTERN:
        return [*rest, *_up_to_end(value[3])]
    if name is code.BRANCH:
        return [*rest, (name, (value[0], [_up_to_end(one) for one in value[1]]))]
    return [*items]


def _inner(name: Any, value: Any) -> Iterator[Sequence[Any]]:
    if name is code.BRANCH:
        yield from value[1]
    elif name is code.SUBPATTERN:
        yield value[3]
    elif name in (code.ASSERT, code.ASSERT_NOT):
        yield value[1]
    elif name is code.ATOMIC_GROUP:
        yield value
    elif name in (code.MAX_REPEAT, code.MIN_REPEAT, code.POSSESSIVE_REPEAT):
        yield value[2]


def _characters(name: Any, value: Any) -> frozenset[str]:
    """What one character may be there; empty for what is not about one character."""
    if name is code.LITERAL:
        return frozenset(chr(value)) & ALPHABET
    if name is code.NOT_LITERAL:
        return ALPHABET - {chr(value)}
    if name is code.ANY:
        return ALPHABET
    if name is not code.IN:
        return frozenset()
    negated = value[0][0] is code.NEGATE
    chosen = {char for char in ALPHABET for item in value if _fits(char, *item)}
    return ALPHABET - chosen if negated else frozenset(chosen)


def _fits(char: str, name: Any, value: Any) -> bool:
    if name is code.LITERAL:
        return bool(ord(char) == value)
    if name is code.RANGE:
        return bool(value[0] <= ord(char) <= value[1])
    classes = {"DIGIT": r"\d", "NOT_DIGIT": r"\D", "SPACE": r"\s", "NOT_SPACE": r"\S", "WORD": r"\w", "NOT_WORD": r"\W"}
    if name is code.CATEGORY:
        return bool(re.match(classes[str(value).removeprefix("CATEGORY_")], char))
    return False


def goes_back(pattern: str | bytes, *, unanchored: bool) -> list[str]:
    text = pattern.decode("latin-1") if isinstance(pattern, bytes) else pattern
    # A search begins anywhere, as if anything stood before it.
    items = list(parser.parse(text))
    return problems(_up_to_end(items), [Repeat(ALPHABET)]) if unanchored else problems(items, [])


@dataclass(frozen=True)
class Written:
    place: str
    pattern: str | bytes | None
    """None where it is put together."""
    unanchored: bool


def written() -> Iterator[Written]:
    """Every expression of the tree."""
    for folder in FOLDERS:
        for path in sorted((ROOT / folder).rglob("*.py")):
            tree = ast.parse(path.read_text(encoding="utf-8"))
            yield from _written(path.relative_to(ROOT).as_posix(), tree)


def _written(file: str, tree: ast.AST) -> Iterator[Written]:
    searched = {
        node.func.value.id
        for node in ast.walk(tree)
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and isinstance(node.func.value, ast.Name)
        and node.func.attr in UNANCHORED
    }
    names = {
        id(node.value): node.targets[0].id
        for node in ast.walk(tree)
        if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name)
    }
    for node in ast.walk(tree):
        if not (isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute | ast.Name) and node.args):
            continue
        if isinstance(node.func, ast.Name):
            if node.func.id == "text" and file == "pipeline_lambdas/config/schema.py":
                yield Written(f"{file}:{node.lineno}", _constant(node.args[0]), unanchored=False)
            continue
        if node.func.attr not in CALLS or not isinstance(node.func.value, ast.Name) or node.func.value.id != "re":
            continue
        unanchored = node.func.attr in UNANCHORED or names.get(id(node)) in searched
        yield Written(f"{file}:{node.lineno}", _constant(node.args[0]), unanchored)


def _constant(node: ast.expr) -> str | bytes | None:
    if isinstance(node, ast.Constant) and isinstance(node.value, str | bytes):
        return node.value
    if isinstance(node, ast.JoinedStr):
        # What is put in are names and numbers of ours, escaped.
        parts = (part.value if isinstance(part, ast.Constant) else "x" for part in node.values)
        return "".join(str(part) for part in parts)
    return None


def test_no_expression_goes_back_over_what_it_has_read() -> None:
    found = {one.place: goes_back(one.pattern, unanchored=one.unanchored) for one in written() if one.pattern}
    assert len(found) > 40
    assert {place: said for place, said in found.items() if said} == {}


def test_expressions_that_are_put_together_are_known() -> None:
    assert {one.place.partition(":")[0] for one in written() if one.pattern is None} - BUILT.keys() == set()


@pytest.mark.parametrize(
    ("pattern", "unanchored"),
    [
        (r"\d+\.?\d*x", False),
        (r"(a+)+b", False),
        (r"(a|aa)*b", True),
        (r"(\w+\s?)*$", False),
        (r".*?<[^>]*>", False),
        (r"[a-z]*d[a-z]*\.", False),
        (r"\s+$", True),
        (r"a.*b", True),
        (r"Credential=[^/]+/", True),
        (r"(?:.*/)?(?:.*/)?b", False),
        (r"x*(y|x*)z", False),
    ],
)
def test_an_expression_that_goes_back_is_found(pattern: str, *, unanchored: bool) -> None:
    assert goes_back(pattern, unanchored=unanchored)


@pytest.mark.parametrize(
    ("pattern", "unanchored"),
    [
        (r"\d+(?:\.\d*)?(?:[eE][+-]?\d+)?", False),
        (r"[\w.-]+(/[\w.-]+)+", False),
        (r"([a-z]+)-([^:]+):(\S+)", False),
        (r"\[(\d+)\](?:\t|#011)(\S{1,9})", True),
        (r":\d+$", True),
        (r"[^<]*? ?<[^>]*>", False),
    ],
)
def test_an_expression_that_does_not_is_not(pattern: str, *, unanchored: bool) -> None:
    assert not goes_back(pattern, unanchored=unanchored)
