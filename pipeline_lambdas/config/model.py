"""A training config as typed values."""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Collection, Mapping
from dataclasses import asdict, dataclass, field, fields
from typing import Any, Literal

from pipeline_lambdas.algorithms.algorithm import Algorithm
from pipeline_lambdas.algorithms.answers import PredictionForm, answer_form
from pipeline_lambdas.algorithms.table import ALGORITHMS
from pipeline_lambdas.config.tuning_model import Tuning

Problem = Literal["regression", "binary", "multiclass"]
RolloutType = Literal["all-at-once", "canary", "linear"]
Requirement = Literal["not-shown-worse", "shown-not-worse"]
FeatureType = Literal["number", "category", "text", "date", "ignore"]
Answer = Literal["number", "probability", "probabilities", "class"]
Direction = Literal["lower", "higher"]


@dataclass(frozen=True, slots=True)
class AlgorithmChoice:
    """An algorithm, and the version of its image; that of a team's own image has none."""

    name: str
    version: str = ""


@dataclass(frozen=True, slots=True)
class Label:
    """The label's column in a table, and its values where they are classes; of two the second is the positive one."""

    column: str
    classes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Feature:
    """One of the table's other columns; `max_categories` is of a category, `max_terms` of a text."""

    name: str
    type: FeatureType
    max_categories: int | None = None
    max_terms: int | None = None


@dataclass(frozen=True, slots=True)
class Script:
    """A program of a data scientist's, in the folder of the model's name beside the config.

    `serve` has the functions of SageMaker's script mode, `answers` is what its answer holds of each row, and `metrics`
    maps names to the regular expressions that find their values in the log.
    """

    program: str
    serve: str
    answers: Answer
    metrics: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Container:
    """An image of a team's own: a Dockerfile in the folder of the model's name, or the address of an image by digest.

    `answers` and `metrics` are those of a script. `accepted` maps critical findings of the image's scan to reasons.
    """

    answers: Answer
    dockerfile: str | None = None
    image: str | None = None
    metrics: Mapping[str, str] = field(default_factory=dict)
    accepted: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class OwnMetrics:
    """Metrics of a data scientist's own: functions of a file in the folder of the model's name beside the config.

    `functions` maps their names to which values are better. A job of `instance_type` runs them, for at most
    `max_runtime_s` seconds.
    """

    functions: Mapping[str, Direction]
    file: str = "metrics.py"
    instance_type: str = "ml.m5.large"
    max_runtime_s: int = 900


@dataclass(frozen=True, slots=True)
class Spot:
    """Spare instances at a lower price: how long the job may take in all, with its waits for them."""

    max_wait_s: int


@dataclass(frozen=True, slots=True)
class TrainingResources:
    """Where a job runs. A `sharded` distribution gives each instance a part of the files."""

    instance_type: str
    instance_count: int
    volume_gib: int
    max_runtime_s: int
    input_mode: str = "File"
    distribution: str = "replicated"
    keep_alive_s: int | None = None
    spot: Spot | None = None

    @property
    def values(self) -> dict[str, Any]:
        """Return the values without those that are as they are by default."""
        optional = {one.name: one.default for one in fields(self)}
        return {name: value for name, value in asdict(self).items() if value != optional[name]}


@dataclass(frozen=True, slots=True)
class Rollout:
    """How traffic moves to a new model; percentages are of the instances."""

    type: RolloutType = "all-at-once"
    canary_percent: int | None = None
    linear_percent: int | None = None
    wait_s: int = 0
    termination_wait_s: int = 600

    @property
    def longest_s(self) -> int:
        """The sum of all waits, seconds: one after each step, and the last one before the old instances end."""
        steps = {"canary": 1, "linear": math.ceil(100 / (self.linear_percent or 100)) - 1}.get(self.type, 0)
        return steps * self.wait_s + self.termination_wait_s


@dataclass(frozen=True, slots=True)
class InstanceVariant:
    instance_type: str
    instance_count: int
    rollout: Rollout = Rollout()


@dataclass(frozen=True, slots=True)
class ServerlessVariant:
    memory_mib: int
    max_concurrency: int


Variant = InstanceVariant | ServerlessVariant


@dataclass(frozen=True, slots=True)
class Gate:
    """Bounds of one metric; at least one of them is set."""

    metric: str
    min: float | None = None
    max: float | None = None


@dataclass(frozen=True, slots=True)
class ChampionGate:
    """How much worse than the champion's a metric may be, in per cent of the champion's value."""

    metric: str
    max_worse_percent: float


@dataclass(frozen=True, slots=True)
class ChampionTest:
    """A comparison with the model that Prod serves, on the same rows.

    With `not-shown-worse` a gate fails if the model is shown to be worse by more than its bound, with
    `shown-not-worse` unless it is shown not to be.
    """

    gates: tuple[ChampionGate, ...]
    require: Requirement = "not-shown-worse"


@dataclass(frozen=True, slots=True)
class SliceColumn:
    """A column that splits the rows: `ranges` cut between slices, each of `values` is a slice; one of them is empty.

    The values are texts where the column holds them, else numbers.
    """

    column: str
    ranges: tuple[float, ...] = ()
    values: tuple[float, ...] | tuple[str, ...] = ()
    min_rows: int = 30
    gates: tuple[Gate, ...] = ()

    @property
    def slices(self) -> int:
        """The number of slices that the config names; other and missing values may add two."""
        return len(self.ranges) + 1 if self.ranges else len(self.values)


@dataclass(frozen=True, slots=True)
class DriftTest:
    """The greatest population stability index that a column may have; without `columns` it applies to all features."""

    max_psi: float
    columns: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class LatencyTest:
    """The requests to time: how many, and how many rows each has."""

    rows: int = 1
    requests: int = 200


@dataclass(frozen=True, slots=True)
class EvaluationTest:
    """How to judge an endpoint; without `max_rows` with all rows of the channel, without `latency` without timing."""

    name: str
    channel: str
    max_rows: int | None
    gates: tuple[Gate, ...]
    champion: ChampionTest | None = None
    slices: tuple[SliceColumn, ...] = ()
    drift: DriftTest | None = None
    latency: LatencyTest | None = None

    @property
    def allows_failed_rows(self) -> bool:
        """Tell whether a gate says how many rows may fail; without one, no row may."""
        return any(gate.metric == "failed_share" for gate in self.gates)

    @property
    def gated(self) -> frozenset[str]:
        """The metrics that its gates judge, those of slices and against the champion among them."""
        bounds = [*self.gates, *(gate for column in self.slices for gate in column.gates)]
        compared = self.champion.gates if self.champion else ()
        return frozenset({gate.metric for gate in bounds} | {gate.metric for gate in compared})


@dataclass(frozen=True, slots=True)
class Keep:
    """How many of the newest models a release leaves for each environment."""

    models: int = 3


@dataclass(frozen=True, slots=True)
class TrainingConfig:
    """One model's config. `hyperparameters` are texts, as SageMaker takes them; `channels` maps to content types.

    With `features` the rows are those of a table, and the model itself makes numbers of them. With `script` or
    `container` they are what its program reads. With `tuning` the `hyperparameters` are those that all training jobs
    share.
    """

    model: str
    problem: Problem
    algorithm: AlgorithmChoice
    hyperparameters: Mapping[str, str]
    training: TrainingResources
    channels: Mapping[str, str]
    environments: Mapping[str, Variant]
    tests: Mapping[str, EvaluationTest]
    keep: Keep = Keep()
    dataset: str | None = None
    """Id of the dataset that the config pins."""
    label: Label | None = None
    features: tuple[Feature, ...] = ()
    script: Script | None = None
    tuning: Tuning | None = None
    container: Container | None = None
    metrics: OwnMetrics | None = None

    @property
    def own_program(self) -> Script | Container | None:
        """What a team brings to train and serve with: a script or a container."""
        return self.script or self.container

    @property
    def built_in(self) -> Algorithm:
        return ALGORITHMS[self.algorithm.name]

    @property
    def prediction_form(self) -> PredictionForm:
        if self.own_program:
            return answer_form(self.own_program.answers, self.class_names)
        return self.built_in.form(self.hyperparameters)

    @property
    def classes(self) -> int:
        return len(self.class_names) or self.built_in.classes(self.hyperparameters)

    @property
    def class_names(self) -> tuple[str, ...]:
        """The label's values, in the order of the classes' numbers; none if the data holds these numbers."""
        return self.label.classes if self.label else ()

    @property
    def raw_rows(self) -> bool:
        """Tell whether the cells are texts as they are: RFC 4180, with quotes where they have to be."""
        return bool(self.features or self.own_program)

    @property
    def column_types(self) -> dict[str, FeatureType]:
        """The columns of a table to their types, the label first; none without `features`."""
        return column_types(self.label, self.features)

    def own_metrics(self, test: EvaluationTest) -> OwnMetrics | None:
        """Return the functions that a test computes: of `full` all there are, of another one if a gate names any."""
        asked = self.metrics and (test.name == "full" or test.gated & self.metrics.functions.keys())
        return self.metrics if asked else None

    def content_type(self, channel: str) -> str:
        """Return a channel's content type; the test channel has that of train."""
        return self.channels.get(channel, self.channels["train"])

    @property
    def compares(self) -> bool:
        """Tell whether the pipeline compares a release with the champion: it has Prod, and a test that asks for it."""
        test = self.tests.get("full")
        return {"test", "prod"} <= self.environments.keys() and test is not None and test.champion is not None

    def champion_variant(self, prod_instance_type: str | None) -> Variant:
        """Return the variant that serves the champion; `prod_instance_type` is None if Prod is serverless.

        It is that of Test, unless Test is serverless and Prod is not: then one instance of Prod's type, as a model for
        instances may have network isolation, which a serverless endpoint refuses. KeyError without environment test.
        https://docs.aws.amazon.com/sagemaker/latest/dg/serverless-endpoints.html
        """
        test = self.environments["test"]
        if isinstance(test, ServerlessVariant) and prod_instance_type:
            return InstanceVariant(prod_instance_type, 1)
        return test


def column_types(label: Label | None, features: Collection[Feature]) -> dict[str, FeatureType]:
    """Return the columns of a table to their types, the label first; none without features."""
    if not features:
        return {}
    found: dict[str, FeatureType] = {}
    if label:
        found[label.column] = "category" if label.classes else "number"
    return found | {feature.name: feature.type for feature in features}


def config_values(config: TrainingConfig) -> dict[str, Any]:
    """Return the config with its defaults as plain values.

    Without an optional section it has no key of one, nor any of training's defaults, and so the hash that it had before
    configs had these.
    """
    optional = ("label", "features", "script", "tuning", "container", "metrics")
    left_out = {name for name in optional if not getattr(config, name)}
    values = {name: value for name, value in asdict(config).items() if name not in left_out}
    return {**values, "training": config.training.values}


def canonical(config: TrainingConfig) -> str:
    """Return the config as JSON with sorted keys: the same for two files that differ only in form."""
    return json.dumps(config_values(config), sort_keys=True, separators=(",", ":"))


def config_sha256(config: TrainingConfig) -> str:
    """Return the hex SHA-256 of the canonical form."""
    return hashlib.sha256(canonical(config).encode()).hexdigest()
