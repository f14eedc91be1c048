from __future__ import annotations

import pytest
from slipway.datasets.csv_rules import LabelRule, check_csv


def problems(text: str, label: LabelRule | None = None, columns: int = 0) -> list[str]:
    lines = text.encode().splitlines(keepends=True)
    return [str(problem) for problem in check_csv(lines, "train.csv", label or LabelRule(), columns).problems]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("1,2,3\n4,5,6\n", []),
        ("1,-2.5,+.5\r\n4,5.,1e-3\r\n", []),
        ("1,2,3", []),
        ("", ["train.csv: line 1: found an empty file; expected at least one row"]),
        (
            "quality,acidity\n1,2\n",
            [
                "train.csv: line 1: found a header ('quality,acidity'); expected rows of numbers only; "
                "`slipway data prepare` drops a header"
            ],
        ),
        ("1,2\n3,red\n", ["train.csv: line 2, column 2: found 'red'; expected a number"]),
        ("1,2\nred,3\n", ["train.csv: line 2, column 1: found 'red'; expected a number"]),
        ("1,2\n3,\n", ["train.csv: line 2, column 2: found an empty field; expected a number"]),
        ("1,2\n3,nan\n", ["train.csv: line 2, column 2: found 'nan'; expected a number"]),
        ("1,2\n3,1_000\n", ["train.csv: line 2, column 2: found '1_000'; expected a number"]),
        ("1,2\n3\n", ["train.csv: line 2: found 1 columns; expected 2, as in the rows before"]),
        ("1,2\n3,4,5\n", ["train.csv: line 2: found 3 columns; expected 2, as in the rows before"]),
        ("1,2\n\n3,4\n", ["train.csv: line 2: found an empty line; expected 2 numbers"]),
        (
            "1\n2\n",
            ["train.csv: line 1: found one column; expected a label and at least one feature, separated by commas"],
        ),
        (
            "1;2\nx\n",
            ["train.csv: line 1: found one column; expected a label and at least one feature, separated by commas"],
        ),
    ],
)
def test_each_problem_names_line_and_column(text: str, expected: list[str]) -> None:
    assert problems(text) == expected


def test_other_files_of_the_dataset_fix_the_number_of_columns() -> None:
    assert problems("1,2\n", columns=3) == ["train.csv: line 1: found 2 columns; expected 3, as in the rows before"]


@pytest.mark.parametrize(("label", "fine"), [("0", True), ("1.0", True), ("2", False), ("-1", False), ("0.5", False)])
def test_a_class_is_one_of_the_known(label: str, fine: bool) -> None:
    found = problems(f"{label},2\n", LabelRule(classes=2))
    expected = [f"train.csv: line 1, column 1: found {label!r}; expected a class from 0 to 1"]
    assert found == ([] if fine else expected)


def test_all_problems_are_counted_and_the_first_ones_kept() -> None:
    check = check_csv([b"1,2\n", *[b"1,x\n"] * 50, b"1,2\n"], "train.csv")
    assert (check.rows, check.columns, check.problem_count, len(check.problems)) == (2, 2, 50, 20)
