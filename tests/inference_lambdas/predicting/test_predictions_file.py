"""What is written of predictions is read as it was, and the file is one that anybody can read."""

from __future__ import annotations

import csv
import gzip
import io
import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from inference_lambdas.predicting.predictions import Parsed, parse_predictions
from inference_lambdas.predicting.predictions_file import Columns, PredictionsReader
from pipeline_lambdas.algorithms.answers import PredictionForm
from pipeline_lambdas.runtime.failures import ConfigurationError

NUMBERS = st.floats(allow_nan=False, allow_infinity=False)
PROBABILITIES = st.tuples(st.floats(0, 1), st.floats(0, 1), st.floats(0, 1))


def parsed(predictions: list[Any]) -> Parsed:
    """Return predictions of which None are failed ones."""
    kept = [row for row, prediction in enumerate(predictions) if prediction is not None]
    return Parsed([predictions[row] for row in kept], None if len(kept) == len(predictions) else kept)


def written(columns: Columns, parts: list[tuple[list[Any], list[Any] | None]]) -> bytes:
    content, first = columns.header(), 0
    for predictions, champion in parts:
        labels = [b"%d" % row for row in range(first, first + len(predictions))]
        content += columns.lines(first, labels, parsed(predictions), None if champion is None else parsed(champion))
        first += len(predictions)
    return content


@pytest.mark.parametrize("width", [1, 3])
@given(data=st.data())
def test_what_is_read_is_what_was_written(width: int, data: st.DataObject) -> None:
    cells = st.one_of(st.none(), NUMBERS if width == 1 else PROBABILITIES)
    rows = st.lists(st.tuples(cells, cells), min_size=1, max_size=20)
    parts = [list(zip(*part, strict=True)) for part in data.draw(st.lists(rows, min_size=1, max_size=3))]
    columns = Columns(width, champion=True)
    content = written(columns, [(list(one), list(other)) for one, other in parts])
    # In pieces as they may come from S3, and in batches of other sizes than they were written in.
    size = data.draw(st.integers(1, 40))
    reader = PredictionsReader("f", [content[start : start + size] for start in range(0, len(content), size)], columns)
    expected = [
        list(model) for model in zip(*((a, b) for one in parts for a, b in zip(*one, strict=True)), strict=True)
    ]
    step = data.draw(st.integers(1, 10))
    for start in range(0, len(expected[0]), step):
        end = min(start + step, len(expected[0]))
        one, other = reader.read(end - start)
        assert other is not None
        assert list(one.whole(end - start)) == expected[0][start:end]
        assert list(other.whole(end - start)) == expected[1][start:end]
    reader.end()


def test_a_champion_that_gave_no_answer_leaves_its_cells_empty() -> None:
    columns = Columns(1, champion=True)
    reader = PredictionsReader("f", [written(columns, [([1.0, 2.0], None)])], columns)
    _, champion = reader.read(2)
    assert champion is not None
    assert (champion.predictions, champion.kept) == ([], [])


def test_anybody_can_read_it() -> None:
    columns = Columns(3, champion=True)
    content = written(columns, [([(0.1, 0.7, 0.2), None], [(1.0, 0.0, 0.0)] * 2), ([(0.5, 0.25, 0.25)], None)])
    rows = list(csv.DictReader(io.StringIO(gzip.decompress(content).decode())))
    assert list(rows[0]) == columns.names
    assert [(row["row"], row["label"], row["prediction"], row["champion"]) for row in rows] == [
        ("1", "0", "1", "0"),
        ("2", "1", "", "0"),
        ("3", "2", "0", ""),
    ]
    assert (rows[0]["p_1"], rows[1]["p_1"], rows[2]["champion_p_1"]) == ("0.7", "", "")
    assert math.fsum(float(rows[2][name]) for name in ("p_0", "p_1", "p_2")) == 1


def test_what_was_answered_is_written_as_it_was() -> None:
    answers = {b"5.50\n6\n": "5.50", b"1e-3,2": "1e-3", b"1_0,2": "10.0"}
    for answer, text in answers.items():
        columns, found = Columns(1, champion=False), parse_predictions(answer, 2, PredictionForm())
        content = gzip.decompress(columns.lines(0, [b"5", b"6"], found, None)).decode()
        assert content.split("\n")[0] == f"1,5,{text}"


def test_another_number_of_rows_is_named() -> None:
    columns = Columns(1, champion=False)
    content = written(columns, [([1.0, 2.0], None)])
    with pytest.raises(ConfigurationError, match="s3://b/k: found 1 rows fewer than the channel has"):
        PredictionsReader("s3://b/k", [content], columns).read(3)
    reader = PredictionsReader("s3://b/k", [content], columns)
    reader.read(1)
    with pytest.raises(ConfigurationError, match="s3://b/k: found more rows than the channel has"):
        reader.end()


def test_another_file_is_named() -> None:
    columns = Columns(1, champion=False)
    content = written(columns, [([1.0, 2.0], None)])
    with pytest.raises(ConfigurationError, match=r"found the columns row,label,prediction; expected .*champion"):
        PredictionsReader("f", [content], Columns(1, champion=True))
    with pytest.raises(ConfigurationError, match="f: found a file that gzip cannot read"):
        PredictionsReader("f", [content[:-4]], columns).read(3)
    with pytest.raises(ConfigurationError, match="f: found a file that gzip cannot read"):
        PredictionsReader("f", [b"row,label,prediction\n"], columns)
