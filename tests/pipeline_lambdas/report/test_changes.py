from __future__ import annotations

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from pipeline_lambdas.report.changes import Change, ColumnChanges, FileChange, changes, column_changes, file_changes
from tests.pipeline_lambdas.report.documents import config, dataset

JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-3, 3) | st.text("ab", max_size=2),
    lambda part: st.lists(part, max_size=3) | st.dictionaries(st.text("abc", min_size=1, max_size=2), part, max_size=3),
    max_leaves=8,
)
OBJECTS = st.dictionaries(st.text("abc", min_size=1, max_size=2), JSON, max_size=4)


def test_configs_differ_key_by_key() -> None:
    before, after = config(), config()
    before["hyperparameters"] |= {"max_depth": 4, "gamma": 0.5}
    after["tests"]["full"]["slices"][0]["ranges"] = [10, 12]
    after["tests"]["full"]["slices"].append({"column": "ph"})
    assert changes(before, after) == [
        Change("hyperparameters.gamma", "removed", 0.5, None),
        Change("hyperparameters.max_depth", "changed", 4, 6),
        Change("tests.full.slices[alcohol].ranges", "changed", [10, 11.5], [10, 12]),
        Change("tests.full.slices[ph].column", "added", None, "ph"),
    ]


def test_a_number_is_the_same_however_it_is_written_and_no_boolean() -> None:
    assert changes({"a": 1, "b": 1}, {"a": 1.0, "b": True}) == [Change("b", "changed", before=1, after=True)]


def test_a_null_is_a_value() -> None:
    assert changes({"a": None}, {}) == [Change("a", "removed", None, None)]
    assert changes({"a": None}, {"a": {}}) == [Change("a", "changed", None, {})]


@given(OBJECTS)
def test_nothing_differs_from_itself(document: Any) -> None:
    assert changes(document, document) == []


@given(OBJECTS, OBJECTS)
def test_changes_back_are_changes_turned(before: Any, after: Any) -> None:
    turned = {"added": "removed", "removed": "added", "changed": "changed"}
    there = [(one.key, one.kind, one.before, one.after) for one in changes(before, after)]
    back = [(one.key, turned[one.kind], one.after, one.before) for one in changes(after, before)]
    assert there == back


def test_files_differ_by_their_content() -> None:
    before = dataset({"train/a.csv": 10, "train/b.csv": 20, "test/a.csv": 5})
    after = dataset({"train/a.csv": 10, "train/b.csv": 21, "test/b.csv": 5})
    assert file_changes(before, after) == [
        FileChange("test/a.csv", "removed", 5, None),
        FileChange("test/b.csv", "added", None, 5),
        FileChange("train/b.csv", "changed", 20, 21),
    ]
    assert file_changes(before, before) == []


def test_a_file_without_a_known_hash_is_not_taken_for_the_same() -> None:
    file = {"path": "train/a.csv", "size_bytes": 10, "sha256": None}
    assert [one.kind for one in file_changes({"files": [file]}, {"files": [file]})] == ["changed"]


def test_columns_differ_by_name_and_order() -> None:
    before, after = {"columns": ["label", "a", "b", "c"]}, {"columns": ["label", "b", "a", "d"]}
    assert column_changes(before, after) == ColumnChanges(added=("d",), removed=("c",), moved=True)
    assert column_changes(before, {"columns": ["label", "a", "c"]}) == ColumnChanges((), ("b",), moved=False)
    assert column_changes(None, before).added == ("label", "a", "b", "c")


def test_gates_and_slices_are_called_by_what_they_are_of() -> None:
    before = {"gates": [{"metric": "rmse", "max": 1}, {"metric": "r2", "min": 0}], "slices": [{"column": "ph", "n": 1}]}
    after = {"gates": [{"metric": "r2", "min": 0}, {"metric": "rmse", "max": 2}], "slices": [{"column": "ph", "n": 2}]}
    assert [(one.key, one.before, one.after) for one in changes(before, after)] == [
        ("gates[rmse].max", 1, 2),
        ("slices[ph].n", 1, 2),
    ]
    twice = [{"column": "ph", "n": 1}, {"column": "ph", "n": 2}]
    assert [one.key for one in changes({"a": twice}, {"a": [*twice[:1], {"column": "ph", "n": 3}]})] == ["a[1].n"]
