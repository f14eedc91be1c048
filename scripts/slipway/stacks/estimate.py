"""The cost of a release and of an idle month: sums over a price table, a training config and assumptions."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from pipeline_lambdas.config.model import InstanceVariant, Variant
from pipeline_lambdas.config.parsing import TrainingConfig
from pipeline_lambdas.config.schema import DEPLOYED_IN_STEPS
from pipeline_lambdas.evidence.prices import Price, PriceTable

HOURS_PER_MONTH = 730
_SHORT_ACTIONS = {"source": 4, "publishing": 2, "training": 1, "dev": 2, "test": 3, "prod": 4}
_METRICS_MINUTES = 5
"""What a job of own metrics takes, most of it for its instance to start."""
_TESTS = {"dev": "smoke", "test": "full", "prod": "smoke"}
"""Environment to the test that judges it."""
_COMPARING_ACTIONS = 2
"""Of these, the ones that deploy and remove the champion; without a comparison they and the wait end at once, too."""
"""Actions that end within their first minute, and are charged that minute; approvals are free."""


@dataclass(frozen=True)
class Assumptions:
    """Values that no config contains."""

    releases: int
    training_minutes: float
    endpoint_minutes: float
    """Until an endpoint serves the new model; meanwhile the old instances and the new ones are charged."""
    evaluation_minutes: float
    build_minutes: float
    check_minutes: float
    storage_gb: float
    alarms: int
    dashboards: int
    keys: int
    tested_gb: float
    """What one round of tests sends through the endpoints."""
    spot_saving_percent: float = 0.0
    """What spare instances save of the price of training, where the config asks for them; AWS promises nothing."""


@dataclass(frozen=True)
class Line:
    """One item; `price` is None if the table lacks it, and the item then counts nothing."""

    item: str
    quantity: float
    unit: str
    price: Price | None

    @property
    def usd(self) -> float:
        return self.quantity * self.price.usd if self.price else 0.0


def release_lines(config: TrainingConfig, assumed: Assumptions, table: PriceTable) -> list[Line]:
    """Return the cost of one release, without the monthly allowances."""
    training, prices = config.training, table.prices
    jobs = config.tuning.jobs if config.tuning else 1
    hours = assumed.training_minutes / 60 * training.instance_count * jobs
    lines = [
        Line("pipeline", _pipeline_minutes(config, assumed), "minutes", prices["pipeline_minute"]),
        Line("build", math.ceil(assumed.build_minutes), "minutes", prices["build_minute"]),
        Line("checks", math.ceil(assumed.check_minutes), "minutes", prices["build_minute"]),
        *_training(config, hours, assumed, table),
        Line("training volume", training.volume_gib * hours / HOURS_PER_MONTH, "GB-months", prices["volume_gb_month"]),
        Line("data through endpoints", assumed.tested_gb, "GB", prices["endpoint_gb"]),
    ]
    for environment, variant in config.environments.items():
        lines.append(_release_of(environment, variant, assumed, table))
    if _compares(config):
        lines.append(_champion(config, assumed, table))
    if config.metrics:
        instance_type = config.metrics.instance_type
        lines.append(
            Line(
                f"own metrics, 1 x {instance_type}",
                _METRICS_MINUTES / 60 * len(_metrics_jobs(config)),
                "instance hours",
                table.instance_hours.get(instance_type),
            )
        )
    return lines


def _training(config: TrainingConfig, hours: float, assumed: Assumptions, table: PriceTable) -> Iterator[Line]:
    """Spot billing counts fewer hours at the same price; instances that are kept are paid while they wait.

    https://docs.aws.amazon.com/sagemaker/latest/dg/model-managed-spot-training.html,
    https://docs.aws.amazon.com/sagemaker/latest/dg/train-warm-pools.html
    """
    training, jobs, price = config.training, config.tuning.jobs if config.tuning else 1, table.instance_hours
    described = f"{training.instance_count} x {training.instance_type}"
    item, billed = f"training, {f'{jobs} jobs, ' if jobs > 1 else ''}{described}", hours
    if training.spot:
        item, billed = f"{item}, spot", hours * (1 - assumed.spot_saving_percent / 100)
    yield Line(item, billed, "instance hours", price.get(training.instance_type))
    if training.keep_alive_s:
        kept = training.keep_alive_s / 3600 * training.instance_count
        yield Line(f"kept after training, {described}", kept, "instance hours", price.get(training.instance_type))


def idle_lines(config: TrainingConfig, assumed: Assumptions, table: PriceTable) -> list[Line]:
    """Return the cost of a month without a release and without a request, without the monthly allowances."""
    prices = table.prices
    lines = [
        Line(
            f"endpoint {environment}, {_described(variant)}",
            variant.instance_count * HOURS_PER_MONTH,
            "instance hours",
            table.instance_hours.get(variant.instance_type),
        )
        if isinstance(variant, InstanceVariant)
        else Line(f"endpoint {environment}, {_described(variant)}", 0, "GB-seconds", prices["serverless_gb_second"])
        for environment, variant in config.environments.items()
    ]
    return [
        *lines,
        Line("key", assumed.keys, "keys", prices["key_month"]),
        Line("alarms", assumed.alarms, "alarms", prices["alarm_month"]),
        Line("dashboards", assumed.dashboards, "dashboards", prices["dashboard_month"]),
        Line("data, models, reports", assumed.storage_gb, "GB-months", prices["storage_gb_month"]),
    ]


def unknown(lines: list[Line]) -> Iterator[str]:
    """Return the items without a known price."""
    return (line.item for line in lines if line.price is None)


def _pipeline_minutes(config: TrainingConfig, assumed: Assumptions) -> int:
    """AWS charges each action from its start to its end, rounded up, so also for waiting."""
    training_minutes = assumed.training_minutes * _rounds(config)
    waits = [assumed.build_minutes, assumed.check_minutes, training_minutes, assumed.evaluation_minutes]
    waits += [_METRICS_MINUTES] * len(_metrics_jobs(config))
    waits += [assumed.endpoint_minutes + _baking_minutes(*each) for each in config.environments.items()]
    if "prod" in config.environments:
        waits += [_COMPARING_ACTIONS, assumed.endpoint_minutes if _compares(config) else 1]
    short: Mapping[str, int] = {
        name: count
        for name, count in _SHORT_ACTIONS.items()
        if name in {"source", "publishing", "training"} or name in config.environments
    }
    return sum(short.values()) + sum(math.ceil(minutes) for minutes in waits)


def _rounds(config: TrainingConfig) -> int:
    """How many training jobs run one after the other."""
    return math.ceil(config.tuning.jobs / config.tuning.max_parallel_jobs) if config.tuning else 1


def _metrics_jobs(config: TrainingConfig) -> list[str]:
    """Return the environments in which a job computes own metrics."""
    return [name for name in config.environments if config.own_metrics(config.tests[_TESTS[name]])]


def _compares(config: TrainingConfig) -> bool:
    test = config.tests.get("full")
    return "prod" in config.environments and "test" in config.environments and bool(test and test.champion)


def _champion(config: TrainingConfig, assumed: Assumptions, table: PriceTable) -> Line:
    """The champion's endpoint, from its start to the end of the evaluation."""
    prod = config.environments["prod"]
    waited = _METRICS_MINUTES if config.metrics else 0
    variant = config.champion_variant(prod.instance_type if isinstance(prod, InstanceVariant) else None)
    if isinstance(variant, InstanceVariant):
        return Line(
            f"endpoint champion, {_described(variant)}",
            (assumed.endpoint_minutes + assumed.evaluation_minutes + waited) / 60 * variant.instance_count,
            "instance hours",
            table.instance_hours.get(variant.instance_type),
        )
    return _release_of("champion", variant, assumed, table)


def _release_of(environment: str, variant: Variant, assumed: Assumptions, table: PriceTable) -> Line:
    if isinstance(variant, InstanceVariant):
        return Line(
            f"endpoint {environment}, old and new at once, {_described(variant)}",
            (assumed.endpoint_minutes + _baking_minutes(environment, variant)) / 60 * variant.instance_count,
            "instance hours",
            table.instance_hours.get(variant.instance_type),
        )
    return Line(
        f"endpoint {environment}, its test, {_described(variant)}",
        assumed.evaluation_minutes * 60 * variant.memory_mib / 1024,
        "GB-seconds",
        table.prices["serverless_gb_second"],
    )


def _baking_minutes(environment: str, variant: Variant) -> float:
    """How long the old instances stay for the alarms after the new ones serve."""
    if environment in DEPLOYED_IN_STEPS and isinstance(variant, InstanceVariant):
        return variant.rollout.longest_s / 60
    return 0


def _described(variant: Variant) -> str:
    if isinstance(variant, InstanceVariant):
        return f"{variant.instance_count} x {variant.instance_type}"
    return f"serverless {variant.memory_mib:,} MiB"
