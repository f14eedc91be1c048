from __future__ import annotations

import pytest
from slipway.datasets.table_rules import TableRule, check_table

RULE = TableRule(("churned", "notes", "tenure"), ("no", "yes"))


def problems(*lines: bytes, rule: TableRule = RULE) -> list[str]:
    return [str(problem) for problem in check_table(lines, "train.csv", rule).problems]


def test_texts_gaps_and_quotes_are_in_order() -> None:
    check = check_table([b'no,"a, ""b""",\n', b"yes,,3\r\n", b" yes ,x,3\n", b"\n"], "train.csv", RULE)
    assert (check.rows, check.columns, check.problem_count) == (3, 3, 0)


def test_a_long_text_is_in_order() -> None:
    assert problems(b'no,"' + b"word, " * 40_000 + b'",3\n') == []


@pytest.mark.parametrize(
    ("lines", "problem"),
    [
        ([b'no,"a"b,1\n'], "line 1: found text that is not CSV: ',' expected after '\"'; expected cells in double"),
        ([b"maybe,a,1\n"], "line 1, column 1: found 'maybe'; expected no, yes"),
        ([b"no,a,1\n", b",a,1\n"], "line 2, column 1: found an empty field; expected no, yes"),
        ([b"churned,notes,tenure\n"], "line 1: found a header; expected rows only; columns.json names the columns"),
        ([b"no,a\n"], "line 1: found 2 columns; expected 3, as in the config: churned, notes, tenure"),
        ([b'no,"a\n', b'b",1\n'], "line 1: found a quote that is not closed; expected cells in double quotes"),
        ([b"no,\xff,1\n"], "line 1: found bytes that are not UTF-8; expected text in UTF-8"),
        ([b"no,a,1\n", b"\n", b"no,a,1\n"], "line 2: found an empty line; expected none before the end of the file"),
        ([b"\n"], "line 1: found an empty file; expected at least one row"),
        ([], "line 1: found an empty file; expected at least one row"),
    ],
)
def test_a_problem_is_named(lines: list[bytes], problem: str) -> None:
    assert problems(*lines)[0].startswith(f"train.csv: {problem}")


@pytest.mark.parametrize(("label", "fits"), [(b"5", True), (b"-1e3", True), (b"x", False), (b"nan", False)])
def test_without_classes_the_label_is_a_number(label: bytes, fits: bool) -> None:
    rule = TableRule(RULE.columns, ())
    assert (problems(label + b",a,1\n", rule=rule) == []) is fits
