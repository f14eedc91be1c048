"""The schema of a training config: one table per section, used to parse a file and to write its reference."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from pipeline_lambdas.algorithms import ALGORITHMS
from pipeline_lambdas.config_rules import Rule, choice, integer, number, text

MODEL_NAME = text(r"[a-z0-9]([a-z0-9-]{0,18}[a-z0-9])?", "1-20 lower-case letters, digits and inner hyphens")
_INSTANCE_TYPE = text(r"ml\.[a-z][a-z0-9]*(-[a-z0-9]+)?\.[a-z0-9-]+", "ml.<family>.<size>, such as ml.m5.large")
_CONTENT_TYPES = choice(*sorted({kind for entry in ALGORITHMS.values() for kind in entry.content_types}))
_VERSIONS = "; ".join(f"for {entry.name}: {', '.join(entry.versions)}" for entry in ALGORITHMS.values())

ROOT: Mapping[str, Rule] = {
    "model": MODEL_NAME.about("Name of the model; the file is named after it"),
    "problem": choice("regression", "binary", "multiclass").about("Decides which metrics and objectives fit"),
}
ALGORITHM: Mapping[str, Rule] = {
    "name": choice(*ALGORITHMS).about("A SageMaker built-in algorithm"),
    "version": text(r".+", _VERSIONS).about("Version of its image"),
}
# https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_ResourceConfig.html
# https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_StoppingCondition.html
TRAINING: Mapping[str, Rule] = {
    "instance_type": _INSTANCE_TYPE.about("Instances that train"),
    "instance_count": integer(1, 100).about("How many; XGBoost trains distributed above 1"),
    "volume_gib": integer(1, 16384).about("Storage volume of each, GiB"),
    "max_runtime_s": integer(1, 28 * 24 * 3600).about(
        "Seconds after which the job is stopped; the pipeline itself waits 24 hours at most"
    ),
}
CHANNEL: Mapping[str, Rule] = {"content_type": _CONTENT_TYPES.about("Format of the channel's files")}
CHANNELS = {"train": True, "validation": False}
INSTANCE: Mapping[str, Rule] = {
    "instance_type": _INSTANCE_TYPE.about("Instances that serve"),
    "instance_count": integer(1, 100).about("How many"),
}
# https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_ProductionVariantServerlessConfig.html
SERVERLESS: Mapping[str, Rule] = {
    "memory_mib": integer(1024, 6144, step=1024).about("Memory, MiB"),
    "max_concurrency": integer(1, 200).about("Requests at a time"),
}
ENVIRONMENTS = {"dev": True, "test": True, "prod": False}
TEST: Mapping[str, Rule] = {
    "channel": choice("validation", "test").about("Channel of the dataset whose rows are predicted"),
    "max_rows": integer(1).about("Only the first so many rows").optional("all rows"),
}
TESTS = ("smoke", "full")
GATE: Mapping[str, Rule] = {
    "min": number().about("Least value that passes").optional(),
    "max": number().about("Greatest value that passes").optional(),
}
LATENCIES = ("latency_p50_ms", "latency_p95_ms", "latency_p99_ms")
METRICS: Mapping[str, tuple[str, ...]] = {
    "regression": ("rmse", "mae", "r2"),
    "binary": ("accuracy", "precision", "recall", "f1", "auc", "logloss"),
    "multiclass": ("accuracy", "f1_macro", "logloss"),
}


@dataclass(frozen=True, slots=True)
class Section:
    """One part of the file for the reference page."""

    path: str
    sentence: str
    rules: Mapping[str, Rule]


SECTIONS = (
    Section("", "Beside the sections below.", ROOT),
    Section("algorithm", "What trains and serves.", ALGORITHM),
    Section("training", "Where the training job runs.", TRAINING),
    Section("channels.<channel>", "`train` is required, `validation` is optional.", CHANNEL),
    Section(
        "environments.<environment>",
        "`dev` and `test` are required, `prod` is optional. Either these two keys ...",
        INSTANCE,
    ),
    Section("environments.<environment>.serverless", "... or this section, for no instances.", SERVERLESS),
    Section("tests.<test>", "`smoke` judges the dev endpoint, `full` the test endpoint.", TEST),
    Section(
        "tests.<test>.gates.<metric>",
        "At least one bound for each metric; the release fails where a metric is outside.",
        GATE,
    ),
)
