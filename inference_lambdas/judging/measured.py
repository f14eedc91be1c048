"""What is measured of predictions, row by row: a function of the predictions and the tested rows alone.

It takes them as they are predicted, or from the file that they were written to, and finds the same either way.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from inference_lambdas.judging.comparison import Comparison
from inference_lambdas.judging.drift import Drift
from inference_lambdas.judging.guessed import guessed_types
from inference_lambdas.judging.importance import MAX_ROWS, unsuitable
from inference_lambdas.judging.plots import Plots
from inference_lambdas.judging.problems import comparison_of, metrics_of, plots_of, worst_of
from inference_lambdas.judging.reference import read_reference
from inference_lambdas.judging.slices import Slices
from inference_lambdas.judging.worst import WorstRows
from inference_lambdas.predicting.batching import Position
from inference_lambdas.predicting.channel import channel_batches
from inference_lambdas.predicting.plan import Evaluation
from inference_lambdas.predicting.predictions import Predicted
from inference_lambdas.predicting.predictions_file import PredictionsReader
from inference_lambdas.predicting.rows import split_rows
from inference_lambdas.statistics.metrics import Metrics
from inference_lambdas.statistics.samples import EvenSample
from inference_lambdas.statistics.sampling import DRIFT_ROWS, HEAD_BYTES, estimated_rows, stride_for
from pipeline_lambdas.config.columns import column_index, column_name, column_problems
from pipeline_lambdas.config.model import FeatureType
from pipeline_lambdas.config.schema import DRIFT_TYPES
from pipeline_lambdas.runtime.failures import ConfigurationError

_PLOTTED_ROWS = 1000
_SAMPLE_BYTES = 1024 * 1024


@dataclass(slots=True)
class Measured:
    """What the rows came to; what the config does not ask for is None. `sample` is what importance is measured with."""

    metrics: Metrics
    plots: Plots
    worst: WorstRows
    slices: Slices | None = None
    sample: EvenSample | None = None
    drift: Drift | None = None
    comparison: Comparison | None = None
    predicted_rows: int = 0
    compared_rows: int = 0

    def add(self, part: Predicted) -> None:
        """Add the next rows."""
        parsed = part.parsed
        labels, rows = parsed.of(part.labels), parsed.of(part.rows)
        if self.comparison:
            self._compare(self.comparison, part)
        self.metrics.add(labels, parsed.predictions)
        self.plots.add(self.predicted_rows, labels, parsed.predictions)
        self.worst.add(part)
        if self.slices:
            self.slices.add(rows, labels, parsed.predictions)
        if self.sample:
            self.sample.add(self.predicted_rows, rows)
        if self.drift:
            self.drift.add(part.first, part.rows)
        self.predicted_rows += len(labels)

    def _compare(self, comparison: Comparison, part: Predicted) -> None:
        """Add the rows that both models predicted, before they are in the metrics."""
        parsed, champion, rows = part.parsed, part.champion, len(part.labels)
        if champion is None or parsed.kept is not None or champion.kept is not None:
            comparison.part()
        if champion is None:
            return
        if parsed.kept is None and champion.kept is None:
            comparison.add(part.labels, parsed.predictions, champion.predictions)
            self.compared_rows += rows
            return
        pairs = zip(part.labels, parsed.whole(rows), champion.whole(rows), strict=True)
        both = [pair for pair in pairs if pair[1] is not None and pair[2] is not None]
        comparison.add([label for label, _, _ in both], [one for _, one, _ in both], [other for _, _, other in both])
        self.compared_rows += len(both)


def measure(evaluation: Evaluation, parts: Iterable[Predicted]) -> Measured:
    """Measure predictions; ConfigurationError for a column that the config names and the rows lack."""
    measured = _opened(evaluation)
    if measured.comparison:
        measured.comparison.share(measured.metrics)
    for part in parts:
        measured.add(part)
    return measured


def stored(evaluation: Evaluation, reader: PredictionsReader) -> Iterator[Predicted]:
    """Yield what a file of predictions has of the evaluation's channel; ConfigurationError if it has other rows."""
    first = 0
    for batch in channel_batches(evaluation, Position()):
        parsed, champion = reader.read(len(batch.labels))
        yield Predicted(first, batch.rows, batch.labels, parsed, champion)
        first = batch.end.rows
    reader.end()


def _opened(evaluation: Evaluation) -> Measured:
    file, test, config = evaluation.files[0], evaluation.test, evaluation.config
    head = evaluation.data.read_range(evaluation.dataset.key(file), 0, HEAD_BYTES)
    rows = estimated_rows(head, evaluation.total_bytes, test.max_rows)
    # A first row that is no row is refused where it is read.
    columns = len(evaluation.dataset.columns) or next(iter(split_rows(head)), b"").count(b",") + 1
    problems = list(column_problems(test, evaluation.dataset.columns, columns))
    if problems:
        raise ConfigurationError("\n".join(f"{config.model}.yml: {problem}" for problem in problems))
    places = [_place(evaluation, column.column) for column in test.slices]
    return Measured(
        metrics=metrics_of(config),
        plots=plots_of(config, stride_for(rows, _PLOTTED_ROWS)),
        worst=worst_of(config, evaluation.row_format),
        slices=Slices(test.slices, places, lambda: metrics_of(config)) if test.slices else None,
        sample=_sample(evaluation, columns, len(head) // max(1, len(split_rows(head)))),
        drift=_drift(evaluation, columns, rows),
        comparison=comparison_of(config) if evaluation.compares else None,
    )


def _place(evaluation: Evaluation, name: str) -> int:
    place = column_index(name, evaluation.dataset.columns)
    if place is None:
        raise ValueError(f"{name} was not checked")
    return place


def _sample(evaluation: Evaluation, columns: int, row_bytes: int) -> EvenSample | None:
    """The rows by which the columns' importance is measured; not where a quick look is all that is asked for."""
    if evaluation.test.name != "full" or unsuitable(evaluation, columns):
        return None
    return EvenSample(max(1, min(MAX_ROWS, _SAMPLE_BYTES // max(1, row_bytes))))


def _types(
    evaluation: Evaluation, names: Sequence[str], columns: int, head: Callable[[], bytes]
) -> Mapping[str, FeatureType]:
    """Return what columns of a table hold: as the config says, or by the first of the training rows, `head`."""
    known = evaluation.config.column_types
    if known or not evaluation.row_format.table:
        return known
    places = [_place(evaluation, name) for name in names]
    guessed = guessed_types(head(), columns, places)
    return {name: guessed[place] for name, place in zip(names, places, strict=True)}


def _drift(evaluation: Evaluation, columns: int, rows: int) -> Drift | None:
    if evaluation.test.drift is None:
        return None
    dataset = evaluation.dataset
    features = range(1 + evaluation.row_format.weights, columns)
    asked = evaluation.test.drift.columns
    found: Sequence[str] = asked or [column_name(place, dataset.columns) for place in features]
    files = dataset.channel("train")
    if not files:
        raise ConfigurationError(
            f"{dataset.prefix}: found no file of channel train, which tests.{evaluation.test.name}.drift compares "
            "with. Upload the dataset with it."
        )

    def read(index: int, start: int, end: int) -> bytes:
        return evaluation.data.read_range(dataset.key(files[index]), start, end)

    types = _types(evaluation, found, columns, lambda: read(0, 0, HEAD_BYTES))
    names = [name for name in found if types.get(name, "number") in DRIFT_TYPES]
    places = [_place(evaluation, name) for name in names]
    categories = {place for name, place in zip(names, places, strict=True) if types.get(name) == "category"}
    sizes = [file.size_bytes for file in files]
    table = evaluation.row_format.table
    reference = read_reference(sizes, read, columns, places, categories if table else None)
    return Drift(names, places, reference, stride_for(rows, DRIFT_ROWS), [name for name in found if name not in names])
