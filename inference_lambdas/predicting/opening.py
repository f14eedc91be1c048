"""How an evaluation begins, and how it goes on from a stored state."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from inference_lambdas.aws import s3
from inference_lambdas.judging.drift import Drift
from inference_lambdas.judging.importance import MAX_ROWS, unsuitable
from inference_lambdas.judging.problems import comparison_of, metrics_of, plots_of
from inference_lambdas.judging.reference import read_reference
from inference_lambdas.judging.slices import Slices
from inference_lambdas.predicting.batching import Position
from inference_lambdas.predicting.champion import Champion
from inference_lambdas.predicting.latency import Latencies
from inference_lambdas.predicting.plan import Evaluation
from inference_lambdas.predicting.progress import Counts, Progress
from inference_lambdas.predicting.rows import split_rows
from inference_lambdas.statistics.sampling import DRIFT_ROWS, HEAD_BYTES, RowSample, estimated_rows, stride_for
from pipeline_lambdas.config.columns import column_index, column_name, column_problems
from pipeline_lambdas.runtime.failures import ConfigurationError

_PLOTTED_ROWS = 1000
_SAMPLE_BYTES = 1024 * 1024


def begin(evaluation: Evaluation) -> Progress:
    """Return the progress of an evaluation that has predicted nothing yet.

    Raises ConfigurationError for a column that the config names and the rows lack.
    """
    file, test = evaluation.files[0], evaluation.test
    head = s3.read_range(evaluation.data_bucket, evaluation.dataset.key(file), 0, HEAD_BYTES)
    rows = estimated_rows(head, evaluation.total_bytes, test.max_rows)
    # A first row that is no row is refused where it is read.
    columns = len(evaluation.dataset.columns) or next(iter(split_rows(head)), b"").count(b",") + 1
    problems = list(column_problems(test, evaluation.dataset.columns, columns))
    if problems:
        raise ConfigurationError("\n".join(f"{evaluation.config.model}.yml: {problem}" for problem in problems))
    return Progress(
        metrics=metrics_of(evaluation.config),
        plots=plots_of(evaluation.config, stride_for(rows, _PLOTTED_ROWS)),
        slices=_slices(evaluation, None),
        sample=_sample(evaluation, columns, len(head) // max(1, len(split_rows(head)))),
        drift=_drift(evaluation, columns, rows),
        champion=_champion(evaluation, None) if evaluation.compares else None,
    )


def resume(evaluation: Evaluation, state: dict[str, Any]) -> Progress:
    """Return the progress of a stored state."""
    champion = state["champion"]
    return Progress(
        metrics=metrics_of(evaluation.config, state["metrics"]),
        # A state has its own stride.
        plots=plots_of(evaluation.config, 1, state["plots"]),
        slices=_slices(evaluation, state["slices"]),
        sample=RowSample.of(state["sample"]) if state["sample"] else None,
        drift=Drift(state["drift"]) if state["drift"] else None,
        champion=_champion(evaluation, champion) if champion else None,
        latencies=Latencies(state["latencies"]),
        position=Position(**state["position"]),
        counts=Counts(**state["counts"]),
    )


def _champion(evaluation: Evaluation, state: dict[str, Any] | None) -> Champion:
    comparison = comparison_of(evaluation.config, state and state["comparison"])
    return Champion(evaluation.champion_endpoint, evaluation.champion_deployed, comparison, state)


def _slices(evaluation: Evaluation, state: list[Any] | None) -> Slices:
    columns = evaluation.test.slices
    places = [_place(evaluation, column.column) for column in columns]
    return Slices(columns, places, lambda found: metrics_of(evaluation.config, found), state)


def _place(evaluation: Evaluation, name: str) -> int:
    place = column_index(name, evaluation.dataset.columns)
    if place is None:
        raise ValueError(f"{name} was not checked")
    return place


def _sample(evaluation: Evaluation, columns: int, row_bytes: int) -> RowSample | None:
    """The rows by which the columns' importance is measured; not where a quick look is all that is asked for."""
    if evaluation.test.name != "full" or unsuitable(evaluation, columns):
        return None
    return RowSample(max(1, min(MAX_ROWS, _SAMPLE_BYTES // max(1, row_bytes))))


def _drift(evaluation: Evaluation, columns: int, rows: int) -> Drift | None:
    if evaluation.test.drift is None:
        return None
    dataset = evaluation.dataset
    features = range(1 + evaluation.row_format.weights, columns)
    names: Sequence[str] = evaluation.test.drift.columns or [column_name(place, dataset.columns) for place in features]
    places = [_place(evaluation, name) for name in names]
    files = dataset.channel("train")
    if not files:
        raise ConfigurationError(
            f"{dataset.prefix}: found no file of channel train, which tests.{evaluation.test.name}.drift compares "
            "with. Upload the dataset with it."
        )

    def read(index: int, start: int, end: int) -> bytes:
        return s3.read_range(evaluation.data_bucket, dataset.key(files[index]), start, end)

    reference = read_reference([file.size_bytes for file in files], read, columns, places)
    return Drift.of(names, places, reference, stride_for(rows, DRIFT_ROWS))
