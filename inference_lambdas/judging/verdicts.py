"""The verdicts of all gates of a test, in the order of the config."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Literal

from inference_lambdas.judging.comparison import LOWER_IS_BETTER, Difference
from inference_lambdas.judging.drift import ColumnDrift
from inference_lambdas.judging.gates import Verdict, judge, not_applicable
from inference_lambdas.judging.measured import Measured
from inference_lambdas.judging.own import NO_OWN, Own
from inference_lambdas.judging.slices import Slice
from inference_lambdas.predicting.plan import Evaluation
from pipeline_lambdas.config.model import ChampionGate, ChampionTest, EvaluationTest, Gate
from pipeline_lambdas.config.schema import LATENCIES

FAILED_SHARE = "failed_share"
_NO_FAILED_ROW = Gate(FAILED_SHARE, max=0.0)


@dataclass(frozen=True, slots=True)
class Compared:
    """The comparison with the champion; `reason` says why there is none."""

    status: Literal["compared", "none", "failed"]
    reason: str = ""
    rows: int = 0
    metrics: Mapping[str, float | None] = field(default_factory=dict)
    differences: Mapping[str, Difference] = field(default_factory=dict)
    lower_is_better: frozenset[str] = LOWER_IS_BETTER


@dataclass(frozen=True, slots=True)
class Course:
    """How predicting went, which the predictions do not tell.

    `failure` says why the first of the failed rows has none, `champion_failure` why the champion cannot be compared
    with. `latencies` are by metric, of `timed` requests.
    """

    rows: int
    failed_rows: int
    first_failed_row: str
    latencies: Mapping[str, float | None]
    timed: int
    failure: str = ""
    champion_failure: str = ""


def compared(
    evaluation: Evaluation, measured: Measured, course: Course, own: Own, *, flattered: bool
) -> Compared | None:
    """Return the comparison, None if the config asks for none; `flattered` says that rows failed and none may."""
    comparison = measured.comparison
    if evaluation.test.champion is None:
        return None
    if comparison is None:
        return Compared("none", "no champion: Prod serves no model yet")
    if course.champion_failure:
        return Compared("failed", course.champion_failure)
    if flattered:
        return Compared("failed", "rows are left out that the model did not predict")
    return Compared(
        "compared",
        rows=measured.compared_rows,
        metrics={**comparison.champion_values(), **own.champion},
        differences={**comparison.differences(evaluation.seed), **own.differences},
        lower_is_better=LOWER_IS_BETTER | own.lower_is_better,
    )


def bound_verdicts(
    test: EvaluationTest, metrics: Mapping[str, float | None], course: Course, own: Own = NO_OWN
) -> tuple[Verdict, ...]:
    """Judge metrics, latencies and the share of failed rows.

    A row that failed, and a function of the config's own that did, fail the release even without a gate.
    """
    share = course.failed_rows / course.rows if course.rows else None
    gates = list(test.gates)
    if course.failed_rows and not any(gate.metric == FAILED_SHARE for gate in gates):
        gates.insert(0, _NO_FAILED_ROW)
    values = {**metrics, **course.latencies, FAILED_SHARE: share}
    timed = _timed(test, course)
    verdicts = [
        verdict
        for gate in gates
        for verdict in judge([gate], values, subject=timed if gate.metric in LATENCIES else "")
    ]
    told = [_with_rows(verdict, course) if verdict.metric == FAILED_SHARE else verdict for verdict in verdicts]
    gated = {gate.metric for gate in gates}
    told += [Verdict("bound", name, None) for name in own.failures if name not in gated]
    return tuple(_with_failure(verdict, own) for verdict in told)


def _with_failure(verdict: Verdict, own: Own) -> Verdict:
    failure = own.failures.get(verdict.metric)
    return replace(verdict, reason=f"{verdict.metric} cannot be evaluated: {failure}") if failure else verdict


def _timed(test: EvaluationTest, course: Course) -> str:
    """Say which requests a latency is of."""
    rows = test.latency.rows if test.latency else 0
    return f"{course.timed:,} requests of {rows:,} {'row' if rows == 1 else 'rows'}"


def champion_verdicts(test: ChampionTest, found: Compared) -> tuple[Verdict, ...]:
    """Judge how much worse than the champion the model is."""
    if found.status == "none":
        gates = [Gate(gate.metric, max=gate.max_worse_percent) for gate in test.gates]
        return not_applicable(gates, "champion", "", found.reason)
    return tuple(_against_champion(gate, test, found) for gate in test.gates)


def slice_verdicts(slices: Iterable[Slice], *, flattered: bool) -> tuple[Verdict, ...]:
    """Judge each slice by its column's gates; of those with too few rows only say so."""
    verdicts: list[Verdict] = []
    for found in slices:
        gates, label = found.column.gates, found.label
        if found.judged:
            verdicts += judge(gates, {} if flattered else found.metrics.values(), "slice", label)
        else:
            reason = f"{label} has {found.rows} rows; judged are slices from {found.column.min_rows} on"
            verdicts += not_applicable(gates, "slice", label, reason)
    return tuple(verdicts)


def drift_verdicts(max_psi: float, columns: Iterable[ColumnDrift]) -> tuple[Verdict, ...]:
    """Judge each column's population stability index."""
    gate = Gate("psi", max=max_psi)
    return tuple(verdict for found in columns for verdict in judge([gate], {"psi": found.psi}, "drift", found.column))


def _with_rows(verdict: Verdict, course: Course) -> Verdict:
    if not verdict.failed:
        return verdict
    why = f" ({course.failure})" if course.failure else ""
    reason = (
        f"{course.failed_rows} of {course.rows} predictions failed or are not finite numbers, the first for "
        f"{course.first_failed_row}{why}; {verdict.reason}"
    )
    return Verdict("bound", FAILED_SHARE, verdict.value, reason, max=verdict.max)


def _against_champion(gate: ChampionGate, test: ChampionTest, found: Compared) -> Verdict:
    difference, bound = found.differences.get(gate.metric), gate.max_worse_percent
    if difference is None:
        reason = found.reason or "it cannot be evaluated"
        return Verdict("champion", gate.metric, None, f"{gate.metric} against the champion: {reason}", max=bound)
    value, low, high = difference.worse_percent, difference.low, difference.high
    reason = ""
    if value is None and _no_worse(difference.difference, lower=gate.metric in found.lower_is_better):
        # Of a champion at 0 there are no per cent, and nothing is worse.
        reason = ""
    elif value is None or low is None or high is None:
        reason = f"{gate.metric} against the champion: it cannot be evaluated"
    else:
        reason = _judged(gate, test, (value, low, high))
    return Verdict("champion", gate.metric, value, reason, max=bound, low=low, high=high)


def _no_worse(difference: float | None, *, lower: bool) -> bool:
    if difference is None:
        return False
    return difference <= 0 if lower else difference >= 0


def _judged(gate: ChampionGate, test: ChampionTest, worse: tuple[float, float, float]) -> str:
    value, low, high = worse
    bound = gate.max_worse_percent
    measured = f"{gate.metric} is {value:.4g} % worse than the champion's (95 % interval {low:.4g} to {high:.4g})"
    if test.require == "not-shown-worse" and low > bound:
        return f"{measured}, so more than the {bound:g} % allowed"
    if test.require == "shown-not-worse" and high > bound:
        return f"{measured}, so it is not shown to be within the {bound:g} % allowed"
    return ""
