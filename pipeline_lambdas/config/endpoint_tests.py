"""Reads the tests of a training config: the gates and comparisons that judge an endpoint."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from pipeline_lambdas.algorithms.answers import PredictionForm
from pipeline_lambdas.config import schema
from pipeline_lambdas.config.model import (
    ChampionGate,
    ChampionTest,
    DriftTest,
    EvaluationTest,
    Gate,
    LatencyTest,
    SliceColumn,
)
from pipeline_lambdas.config.reader import Reader
from pipeline_lambdas.config.rules import describe

_LIBSVM = "text/libsvm"


@dataclass(frozen=True, slots=True)
class Judged:
    """What the rest of the file says about the model; None for a value that is not valid.

    `types` are those of a table's columns; none if the data is not a table. With `untyped` rows a column may hold texts
    that nothing tells of beforehand.
    """

    problem: str | None
    form: PredictionForm | None
    channels: Mapping[str, str | None]
    types: Mapping[str, str]
    untyped: bool = False
    own: tuple[str, ...] = ()
    """The names of the config's own metrics."""

    @property
    def metrics(self) -> tuple[str, ...]:
        return (*schema.METRICS.get(self.problem or "", ()), *self.own)

    @property
    def unavailable(self) -> tuple[str, ...]:
        """Metrics of probabilities, where the model predicts a class and none."""
        return schema.PROBABILITY_METRICS if self.form and self.form.names_classes else ()

    def has_columns(self, channel: str) -> bool:
        """Tell whether the rows of a channel have columns; rows of libsvm do not."""
        return self.channels.get(channel, self.channels.get("train")) != _LIBSVM


def read_test(reader: Reader, name: str, item: object, judged: Judged) -> EvaluationTest:
    """Return one test; it may be incomplete if a problem was noted."""
    path = f"tests.{name}"
    values = reader.section(item, path, schema.TEST, ["gates", "champion", "slices", "drift", "latency"])
    channel = values.get("channel", "")
    gates = _test_gates(reader, name, values.get("gates", {}), judged)
    timed = "latency" in values or name == "full" or any(gate.metric in schema.LATENCIES for gate in gates)
    return EvaluationTest(
        name,
        channel,
        values.get("max_rows"),
        gates,
        champion=_champion(reader, name, values["champion"], judged) if "champion" in values else None,
        slices=_slices(reader, path, values["slices"], channel, judged) if "slices" in values else (),
        drift=_drift(reader, path, values["drift"], channel, judged) if "drift" in values else None,
        latency=LatencyTest(**reader.section(values.get("latency", {}), f"{path}.latency", schema.LATENCY))
        if timed
        else None,
    )


def _test_gates(reader: Reader, name: str, found: object, judged: Judged) -> tuple[Gate, ...]:
    path = f"tests.{name}.gates"
    names = [*judged.metrics, *schema.LATENCIES, schema.FAILED_SHARE]
    if name == "full" and not found:
        reader.problem(path, f"found none; expected at least one of {', '.join(names)}")
    return _gates(reader, path, found, names, judged)


def _gates(reader: Reader, path: str, found: object, names: list[str], judged: Judged) -> tuple[Gate, ...]:
    return tuple(
        Gate(metric, **_bounds(reader, metric, bounds, f"{path}.{metric}"))
        for metric, bounds in _by_metric(reader, path, found, names, judged)
    )


def _by_metric(
    reader: Reader, path: str, found: object, names: list[str], judged: Judged
) -> Iterator[tuple[str, object]]:
    # Which metrics are right is only known with the problem.
    for metric, item in (reader.mapping(found, path, names) if judged.problem else {}).items():
        if metric in judged.unavailable:
            reader.problem(
                f"{path}.{metric}", "found a metric of probabilities; allowed with hyperparameters that predict them"
            )
        yield metric, item


def _bounds(reader: Reader, metric: str, bounds: object, path: str) -> dict[str, float]:
    rules = schema.FAILED_SHARE_GATE if metric == schema.FAILED_SHARE else schema.GATE
    limits = reader.section(bounds, path, rules)
    if rules is schema.GATE and isinstance(bounds, dict) and not {"min", "max"} & bounds.keys():
        reader.problem(path, "found no bound; expected min, max or both")
    if limits.get("min", float("-inf")) > limits.get("max", float("inf")):
        reader.problem(path, f"found min {limits['min']} above max {limits['max']}; expected min up to max")
    return {key: float(value) for key, value in limits.items()}


def _champion(reader: Reader, name: str, item: object, judged: Judged) -> ChampionTest | None:
    path = f"tests.{name}.champion"
    if name != "full":
        reader.problem(
            path,
            f"found in the {name} test, which judges prod too, where the champion is replaced; allowed in tests.full",
        )
        return None
    values = reader.section(item, path, schema.CHAMPION, ["gates"])
    found = values.pop("gates", {})
    if isinstance(item, dict) and not found:
        reader.problem(f"{path}.gates", f"found none; expected at least one of {', '.join(judged.metrics)}")
    gates = []
    for metric, bounds in _by_metric(reader, f"{path}.gates", found, list(judged.metrics), judged):
        limits = reader.section(bounds, f"{path}.gates.{metric}", schema.CHAMPION_GATE)
        if limits:
            gates.append(ChampionGate(metric, float(limits["max_worse_percent"])))
    return ChampionTest(tuple(gates), **values)


def _slices(reader: Reader, path: str, items: object, channel: str, judged: Judged) -> tuple[SliceColumn, ...]:
    path = f"{path}.slices"
    if not _in_columns(reader, path, judged, channel):
        return ()
    if not isinstance(items, list) or not 1 <= len(items) <= schema.MOST_SLICE_COLUMNS:
        found = f"{len(items)} entries" if isinstance(items, list) else describe(items)
        reader.problem(path, f"found {found}; expected a list of 1 to {schema.MOST_SLICE_COLUMNS} entries")
        return ()
    slices: dict[str, SliceColumn] = {}
    for index, item in enumerate(items):
        read = _slice(reader, f"{path}[{index}]", item, judged)
        if read and read.column in slices:
            reader.problem(f"{path}[{index}].column", f"found {read.column!r} a second time; expected once")
        elif read:
            slices[read.column] = read
    together = sum(column.slices for column in slices.values())
    if together > schema.MOST_SLICES:
        reader.problem(path, f"found {together} slices together; expected at most {schema.MOST_SLICES}")
    return tuple(slices.values())


def _slice(reader: Reader, path: str, item: object, judged: Judged) -> SliceColumn | None:
    values = reader.section(item, path, schema.SLICE, ["gates"])
    gates = _gates(reader, f"{path}.gates", values.pop("gates", {}), list(judged.metrics), judged)
    if isinstance(item, dict) and len({"ranges", "values"} & item.keys()) != 1:
        found = "both" if "ranges" in item else "neither"
        reader.problem(path, f"found {found} of ranges and values; expected one of them")
    if "column" not in values:
        return None
    if "ranges" in values:
        values["ranges"] = tuple(map(float, values["ranges"]))
    kind = _kind(values, judged)
    if "ranges" in values and kind != "number":
        reader.problem(f"{path}.ranges", f"found with {values['column']}, a {kind}; allowed with a number, else values")
    if "values" in values:
        values["values"] = _values(reader, f"{path}.values", values["values"], kind, judged)
    return SliceColumn(**values, gates=gates)


def _kind(values: Mapping[str, Any], judged: Judged) -> str:
    """Return the type of a slice's column; where none is known, that of the values."""
    texts = judged.untyped and any(isinstance(value, str) for value in values.get("values", ()))
    return judged.types.get(values["column"], "category" if texts else "number")


def _values(
    reader: Reader, path: str, found: tuple[Any, ...], kind: str, judged: Judged
) -> tuple[float, ...] | tuple[str, ...]:
    """Return what a slice's values are in the column: numbers, or texts as the cells hold them."""
    if kind == "number":
        texts = [value for value in found if isinstance(value, str)]
        if texts:
            more = (
                ""
                if judged.types
                else "; texts are allowed with features, for columns of other types, and with script or container"
            )
            reader.problem(path, f"found {describe(texts[0])}; expected numbers{more}")
            return ()
        return tuple(map(float, found))
    fractions = [value for value in found if isinstance(value, float)]
    if fractions:
        reader.problem(path, f"found {fractions[0]}; expected texts, in quotes, as the column is a {kind}")
    return tuple(map(str, found))


def _drift(reader: Reader, path: str, item: object, channel: str, judged: Judged) -> DriftTest | None:
    path = f"{path}.drift"
    if not _in_columns(reader, path, judged, channel, "train"):
        return None
    values = reader.section(item, path, schema.DRIFT)
    for index, name in enumerate(values.get("columns", ())):
        kind = judged.types.get(name, "number")
        if kind not in schema.DRIFT_TYPES:
            allowed = " and ".join(schema.DRIFT_TYPES)
            reader.problem(f"{path}.columns[{index}]", f"found {name}, of type {kind}; expected columns of {allowed}")
    return DriftTest(float(values.pop("max_psi")), **values) if "max_psi" in values else None


def _in_columns(reader: Reader, path: str, judged: Judged, *channels: str) -> bool:
    without = [channel for channel in channels if not judged.has_columns(channel)]
    if without:
        reader.problem(
            path,
            f"found with channel {without[0]} in {_LIBSVM}, whose rows have no columns; allowed with text/csv",
        )
    return not without
