"""What a request for a tuning job asks for, read once; a list of one training job definition means the same as one.

https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_CreateHyperParameterTuningJob.html
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from local_aws.sagemaker.jobs.tuning.search.space import Categorical, Continuous, Integer, Range, Space, scale_of
from local_aws.sagemaker.jobs.tuning.search.stopping import Resource
from local_aws.wire import Document

RANDOM, GRID, BAYESIAN, HYPERBAND = "Random", "Grid", "Bayesian", "Hyperband"
OBJECTIVE = "_tuning_objective_metric"
"""The hyperparameter in which each training job is told the objective metric."""
_RESOURCES = ("epochs", "numepochs", "n-epochs", "n_epochs", "num_epochs")
"""Static hyperparameters that say Hyperband's MaxResource where the request does not."""


@dataclass(frozen=True)
class Tuning:
    """The request of a tuning job, valid or not."""

    request: Document

    @property
    def config(self) -> Document:
        """HyperParameterTuningJobConfig."""
        return dict(self.request["HyperParameterTuningJobConfig"])

    @property
    def definition(self) -> Document:
        """The only training job definition; empty if there is none."""
        several = self.request.get("TrainingJobDefinitions") or [{}]
        return dict(self.request.get("TrainingJobDefinition") or several[0])

    @property
    def objective(self) -> Document:
        """Type and MetricName; empty if there is none."""
        return dict(self.definition.get("TuningObjective") or self.config.get("HyperParameterTuningJobObjective") or {})

    @property
    def metric(self) -> str:
        """The objective metric's name."""
        return str(self.objective["MetricName"])

    @property
    def maximize(self) -> bool:
        """Whether the objective should be large."""
        return bool(self.objective["Type"] == "Maximize")

    @property
    def strategy(self) -> str:
        """Random, Grid, Bayesian or Hyperband."""
        return str(self.config["Strategy"])

    @property
    def limits(self) -> Document:
        """ResourceLimits."""
        return dict(self.config["ResourceLimits"])

    @property
    def most_jobs(self) -> int:
        """How many training jobs there may be: for Grid each combination."""
        given = self.limits.get("MaxNumberOfTrainingJobs")
        return int(given if given is not None else self.space.combinations)

    @property
    def static(self) -> dict[str, str]:
        """StaticHyperParameters."""
        return dict(self.definition.get("StaticHyperParameters", {}))

    @property
    def ranges(self) -> Document:
        """The ranges as the request gives them."""
        return dict(self.definition.get("HyperParameterRanges") or self.config.get("ParameterRanges") or {})

    @property
    def stops_early(self) -> bool:
        """Whether training jobs are watched while they run."""
        return self.strategy == HYPERBAND or self.config.get("TrainingJobEarlyStoppingType") == "Auto"

    @property
    def resource(self) -> Resource | None:
        """Hyperband's range of epochs, None where its end is not known."""
        given = self.config.get("StrategyConfig", {}).get("HyperbandStrategyConfig", {})
        static = (self.static.get(name, "").strip('"') for name in _RESOURCES)
        most: Any = given.get("MaxResource") or next((int(text) for text in static if text.isdecimal()), None)
        return Resource(given.get("MinResource", 1), most) if most else None

    @property
    def space(self) -> Space:
        """The ranges as a space. Raises ValueError for a bound that is no number."""
        return Space(tuple(_ranges(self.ranges)))


def _ranges(given: Document) -> Iterator[Range]:
    for one in given.get("IntegerParameterRanges", []):
        low, high = int(one["MinValue"]), int(one["MaxValue"])
        yield Integer(one["Name"], low, high, scale_of(one.get("ScalingType", "Auto"), low, high))
    for one in given.get("ContinuousParameterRanges", []):
        least, most = float(one["MinValue"]), float(one["MaxValue"])
        yield Continuous(one["Name"], least, most, scale_of(one.get("ScalingType", "Auto"), least, most))
    for one in given.get("CategoricalParameterRanges", []):
        yield Categorical(one["Name"], tuple(one["Values"]))
