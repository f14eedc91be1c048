from __future__ import annotations

from typing import Any

import pytest

from pipeline_lambdas.tabular.errors import TableError
from pipeline_lambdas.tabular.specification import Column, parse
from tests.pipeline_lambdas.tabular.tables import document


def test_a_table_is_read() -> None:
    found = parse(document({"city": {"type": "category", "max_categories": 5}, "age": "number"}), "f")
    assert found.names == ("churned", "city", "age")
    assert found.columns == (Column("city", "category", 5), Column("age", "number"))
    assert found.columns[0].document() == {"name": "city", "type": "category", "max_categories": 5}


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"schema": "other/1"}, "f: schema: found 'other/1'; expected slipway-features/1"),
        ({"problem": "ranking"}, "f: problem: found 'ranking'; expected regression, binary, multiclass"),
        ({"label": None}, "f: label: found nothing; expected the name of a column"),
        ({"classes": "yes"}, "f: classes: found 'yes'; expected a list of texts"),
        ({"classes": ["yes"]}, "f: classes: found 1 with problem binary; expected 2"),
        ({"classes": ["a", "a "]}, "f: classes: found 'a', 'a'; expected texts that differ, and none empty"),
        ({"problem": "regression"}, "f: classes: found 2 with problem regression; expected none"),
        (
            {"problem": "multiclass", "classes": ["a"]},
            "f: classes: found 1 with problem multiclass; expected 2 or more",
        ),
        ({"columns": []}, r"f: columns: found \[\]; expected a list of objects"),
        ({"columns": ["age"]}, r"f: columns\[0\]: found 'age'; expected an object"),
        ({"columns": [{"type": "number"}]}, r"f: columns\[0\]: name: found nothing; expected a text"),
        (
            {"columns": [{"name": "a", "type": "float"}]},
            r"f: columns\[0\]: type: found 'float'; expected number, category, text, date, ignore",
        ),
        (
            {"columns": [{"name": "a", "type": "text"}]},
            r"f: columns\[0\]: max_terms: found nothing; expected an integer from 1",
        ),
        ({"columns": [{"name": "a", "type": "ignore"}]}, "f: columns: found none but ignored ones"),
        ({"columns": [{"name": "a", "type": "number"}] * 2}, "f: columns: found 'a' more than once"),
        ({"columns": [{"name": "churned", "type": "number"}]}, "f: columns: found 'churned' more than once"),
    ],
)
def test_what_is_wrong_with_a_table(change: dict[str, Any], message: str) -> None:
    with pytest.raises(TableError, match=f"^{message}"):
        parse({**document({"age": "number"}), **change}, "f")


def test_a_document_that_is_no_object() -> None:
    with pytest.raises(TableError, match=r"^f: found \[\]; expected an object$"):
        parse([], "f")
