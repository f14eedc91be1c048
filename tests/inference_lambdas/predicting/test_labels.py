from __future__ import annotations

import pytest
import yaml

from inference_lambdas.predicting.batching import Batch, Position
from inference_lambdas.predicting.labels import Labels
from inference_lambdas.predicting.rows import Block, RowError
from pipeline_lambdas.config.parsing import parse_config
from tests.pipeline_lambdas.aws_doubles import BINARY, plain_document

MULTICLASS = (
    ("problem: regression", "problem: multiclass"),
    ("reg:squarederror", "multi:softprob\n  num_class: 3"),
    ("rmse: {max: 1.5}", "accuracy: {min: 0.1}"),
    ("rmse: {max: 0.75}", "accuracy: {min: 0.1}"),
    ("r2: {min: 0.3}", "f1_macro: {min: 0.1}"),
)


@pytest.mark.parametrize(
    ("changes", "labels", "said"),
    [
        ((), [1.5, -3.0], ""),
        (BINARY, [0.0, 1.0, 0.0], ""),
        (BINARY, [0.0, 1.0, 2.0], "f: line 3: found the label 2; expected 0 or 1 for this problem"),
        (MULTICLASS, [0.0, 2.0], ""),
        (MULTICLASS, [0.0, 3.0], "f: line 2: found the label 3; expected a class from 0 to 2 for this problem"),
        (MULTICLASS, [0.5], "f: line 1: found the label 0.5"),
    ],
)
def test_labels_of_the_problem(changes: tuple[tuple[str, str], ...], labels: list[float], said: str) -> None:
    rows = [b"%r,1" % label for label in labels]
    block = Block("f", b"\n".join(rows), 1, 0)
    batch = Batch(block, labels, [b"%r" % label for label in labels], rows, b"", Position())
    config = yaml.safe_dump(plain_document(*changes)).encode()
    check = Labels(parse_config(config, "wine-quality.yml")).check
    if not said:
        check(batch)
        return
    with pytest.raises(RowError, match=said):
        check(batch)
