"""The schema of a training config: one table per section, used to parse a file and to write its reference."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from pipeline_lambdas.algorithms.table import ALGORITHMS
from pipeline_lambdas.config import tuning_schema
from pipeline_lambdas.config.rules import Rule, as_text, choice, either, integer, number, several, text
from pipeline_lambdas.release.names import RESERVED_MODELS

MODEL_NAME = text(
    rf"(?!(?:{'|'.join(RESERVED_MODELS)})$)[a-z0-9]([a-z0-9-]{{0,18}}[a-z0-9])?",
    f"1-20 lower-case letters, digits and inner hyphens, but none of {', '.join(RESERVED_MODELS)}",
)
_INSTANCE_TYPE = text(r"ml\.[a-z][a-z0-9]*(-[a-z0-9]+)?\.[a-z0-9-]+", "ml.<family>.<size>, such as ml.m5.large")
_CONTENT_TYPES = choice(*sorted({kind for entry in ALGORITHMS.values() for kind in entry.content_types}))
_VERSIONS = "; ".join(
    f"for {entry.name}: {', '.join(entry.image.versions)}" for entry in ALGORITHMS.values() if entry.image.versions
)


def _version(value: object) -> str | None:
    # YAML reads the version 1 as a number.
    return str(value) if isinstance(value, str | int) and not isinstance(value, bool) and value != "" else None


ROOT: Mapping[str, Rule] = {
    "model": MODEL_NAME.about("Name of the model; the file is named after it"),
    "problem": choice("regression", "binary", "multiclass").about("Decides which metrics and objectives fit"),
}
ALGORITHM: Mapping[str, Rule] = {
    "name": choice(*ALGORITHMS).about(
        "A SageMaker built-in algorithm, the framework whose image runs `script`, or `container`"
    ),
    "version": Rule(_VERSIONS, _version).about("Version of its image").optional("required but for container"),
}
_COLUMN = text(r"(?s).{1,200}", "the name of a column")
_CELL = text(r"(?!\s)[^\r\n]{1,200}(?<!\s)", "a text of 1 to 200 characters without spaces around it")
_MOST_CLASSES = 1000
LABEL: Mapping[str, Rule] = {
    "column": _COLUMN.about("Its name in the dataset's columns.json, where it stands first"),
    # YAML reads a bare 1 as a number.
    "classes": several(either(_CELL, as_text(integer(-(10**9)))), "class names", _MOST_CLASSES)
    .about(
        "For the problems binary and multiclass: the label's values as they stand in the data. Of two the second is "
        'the positive class. YAML reads a bare yes, no, true or false as another value, so put these in quotes: "no"'
    )
    .optional(),
}
MAX_CATEGORIES, MAX_TERMS = 100, 200
FEATURE: Mapping[str, Rule] = {
    "type": choice("number", "category", "text", "date", "ignore").about("What its cells hold; `ignore` leaves it out"),
    "max_categories": integer(1, 10_000)
    .about("Of a category: the most frequent values of the training rows, each told apart; all others count as one")
    .optional(str(MAX_CATEGORIES)),
    "max_terms": integer(1, 10_000)
    .about("Of a text: the words that most training rows hold; others are left out")
    .optional(str(MAX_TERMS)),
}
OPTIONS_OF = {"max_categories": "category", "max_terms": "text"}
"""Options of a feature to the type that has them."""
_PROGRAM = text(r"(?!slipway_)[A-Za-z_][A-Za-z0-9_]{0,59}\.py", "the name of a Python file, such as train.py")
SCRIPT: Mapping[str, Rule] = {
    "program": _PROGRAM.about("Trains. It is run as in SageMaker's script mode"),
    "serve": _PROGRAM.about("Has model_fn, and where wanted input_fn, predict_fn, output_fn").optional("program"),
    "answers": choice("number", "probability", "probabilities", "class").about(
        "What an answer in text/csv holds of each row, a row a line: a number; the probability of the positive class; "
        "one probability for each of the label's classes; or the name of the class"
    ),
}
# https://docs.aws.amazon.com/AmazonECR/latest/APIReference/API_Repository.html
_IMAGE = text(
    r"[0-9]{12}\.dkr\.ecr\.[a-z0-9-]+\.amazonaws\.com(\.cn)?/[a-z0-9]+([._/-][a-z0-9]+)*@sha256:[0-9a-f]{64}",
    "an image of ECR by digest, <account>.dkr.ecr.<Region>.amazonaws.com/<repository>@sha256:<64 hexadecimal digits>",
)
CONTAINER: Mapping[str, Rule] = {
    "dockerfile": text(
        r"(?![./])[A-Za-z0-9._-]{1,100}(/(?!\.)[A-Za-z0-9._-]{1,100}){0,5}", "the name of a file in the model's folder"
    )
    .about("A Dockerfile in the folder of the model's name, whose image each release builds. Either this ...")
    .optional(),
    "image": _IMAGE.about("... or an image that exists, in the Region of the pipeline").optional(),
    "answers": SCRIPT["answers"],
}
OWN_METRICS: Mapping[str, Rule] = {
    "file": _PROGRAM.about("Has the functions").optional("metrics.py"),
    "instance_type": _INSTANCE_TYPE.about("Instance of the processing job that runs them").optional("ml.m5.large"),
    "max_runtime_s": integer(60, 3600)
    .about("Seconds after which that job is stopped; about half of them are for the intervals")
    .optional("900"),
}
OWN_METRIC: Mapping[str, Rule] = {
    "direction": choice("lower", "higher").about("Which values are better"),
}
MOST_OWN_METRICS = 20
# https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_ResourceConfig.html
# https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_StoppingCondition.html
TRAINING: Mapping[str, Rule] = {
    "instance_type": _INSTANCE_TYPE.about("Instances that train"),
    "instance_count": integer(1, 100).about("Number of instances; several train together"),
    "volume_gib": integer(1, 16384).about("Storage volume of each, GiB"),
    "max_runtime_s": integer(1, 28 * 24 * 3600).about(
        "Seconds after which the job is stopped; the pipeline itself waits 24 hours at most"
    ),
    "input_mode": choice("File", "FastFile")
    .about("How rows reach a script: copied before it starts, or from S3 while it reads the files")
    .optional("File"),
    "distribution": choice("replicated", "sharded")
    .about("Whether each of several instances gets all files of a channel, or a part of them")
    .optional("replicated"),
    "keep_alive_s": integer(1, 3600)
    .about("Seconds for which the instances are kept, and paid, for a job that comes next; not with spot")
    .optional(),
}
SPOT: Mapping[str, Rule] = {
    "max_wait_s": integer(1, 28 * 24 * 3600).about(
        "Seconds for the job with its waits for instances: max_runtime_s or more, and at most 3600 where the algorithm "
        "saves no checkpoints"
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
DEPLOYED_IN_STEPS = ("prod",)
ALARMS_NEED_S = 300
"""Seconds in which the template's roll-back alarms go off for certain: a minute that has begun, two whole minutes that
they look at, and two until SageMaker has published the metrics and CloudWatch has looked.
https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/alarm-evaluation.html
"""
# https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_BlueGreenUpdatePolicy.html
# https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_TrafficRoutingConfig.html
DEPLOYMENT: Mapping[str, Rule] = {
    "type": choice("all-at-once", "canary", "linear")
    .about("All traffic in one step; first a part and then the rest; or in equal steps. Steps need 2 instances")
    .optional("all-at-once"),
    "canary_percent": integer(1, 50)
    .about("Part of the instances that takes traffic first, rounded up to whole ones; with type canary")
    .optional(),
    "linear_percent": integer(10, 50)
    .about("Part of the instances that each step adds, rounded up to whole ones; with type linear")
    .optional(),
    "wait_s": integer(0, 3600).about("Seconds after each step but the last in which an alarm rolls back").optional("0"),
    "termination_wait_s": integer(0, 3600)
    .about(
        f"Seconds after all traffic has moved in which an alarm rolls back; then the old instances end. Below "
        f"{ALARMS_NEED_S} `slipway check` warns"
    )
    .optional("600"),
}
LONGEST_WAITS_S = 28800 - 3600
"""SageMaker ends a deployment after eight hours; an hour of them is for the start of the instances."""
ENVIRONMENTS = {"dev": True, "test": True, "prod": False}
DATA: Mapping[str, Rule] = {
    "dataset": text(r"[0-9a-f]{16}", "the id of a dataset in quotes, 16 hexadecimal digits").about(
        "The dataset that this config belongs to; `slipway data prepare` and `slipway data upload` tell its id"
    ),
}
KEEP: Mapping[str, Rule] = {
    "models": integer(1, 50)
    .about("Number of the newest models and endpoint configs to keep, per environment")
    .optional("3"),
}
TEST: Mapping[str, Rule] = {
    "channel": choice("validation", "test").about("Channel of the dataset whose rows are predicted"),
    "max_rows": integer(1).about("Number of rows, from the first").optional("all rows"),
}
TESTS = ("smoke", "full")
GATE: Mapping[str, Rule] = {
    "min": number().about("Least value that passes").optional(),
    "max": number().about("Greatest value that passes").optional(),
}
FAILED_SHARE = "failed_share"
FAILED_SHARE_GATE: Mapping[str, Rule] = {
    "max": number(0, 1).about("Greatest share that passes, 0.001 for one row in 1,000"),
}
CHAMPION: Mapping[str, Rule] = {
    "require": choice("not-shown-worse", "shown-not-worse")
    .about(
        "A gate fails if the model is shown to be worse by more than its bound; or, more strictly, unless it is shown "
        "not to be. Shown means by the whole 95 % interval of the difference"
    )
    .optional("not-shown-worse"),
}
CHAMPION_GATE: Mapping[str, Rule] = {
    "max_worse_percent": number(0).about("How much worse than the champion's, in per cent of the champion's"),
}
MOST_SLICE_COLUMNS = 10
MOST_SLICES = 50
"""Each holds metrics of its own: of a binary model over 10 MB, and the function has 1,769."""
SLICE: Mapping[str, Rule] = {
    "column": _COLUMN.about("The column whose value decides, as the dataset's columns.json names it"),
    "ranges": several(number(), "numbers", 20, increasing=True)
    .about("Cuts: [10, 11.5] makes the slices below 10, from 10 to below 11.5, and from 11.5 on")
    .optional(),
    "values": several(either(number(), _CELL), "numbers or texts", 50)
    .about("A slice for each value, and one for other values; texts need `features`, `script` or `container`")
    .optional(),
    "min_rows": integer(1).about("A slice with fewer rows is shown but not judged").optional("30"),
}
DRIFT_TYPES = ("number", "category")
DRIFT: Mapping[str, Rule] = {
    "max_psi": number(0, above=True).about("Greatest population stability index that passes, in every column"),
    "columns": several(_COLUMN, "names of columns", 1000)
    .about("Columns to compare")
    .optional("all features; of a table its numbers and categories"),
}
LATENCY: Mapping[str, Rule] = {
    "rows": integer(1, 10_000).about("Rows in each request, as many as callers send").optional("1"),
    "requests": integer(100, 10_000).about("Number of requests to time").optional("200"),
}
LATENCIES = ("latency_p50_ms", "latency_p95_ms", "latency_p99_ms")
METRICS: Mapping[str, tuple[str, ...]] = {
    "regression": ("rmse", "mae", "r2"),
    "binary": ("accuracy", "precision", "recall", "f1", "auc", "logloss"),
    "multiclass": ("accuracy", "f1_macro", "logloss"),
}
PROBABILITY_METRICS = ("auc", "logloss")


@dataclass(frozen=True, slots=True)
class Section:
    """One part of the file for the reference page."""

    path: str
    sentence: str
    rules: Mapping[str, Rule]


SECTIONS = (
    Section("", "Keys outside the sections below.", ROOT),
    Section("algorithm", "The algorithm that trains and serves.", ALGORITHM),
    Section("label", "Required with `features`, `script` or `container`, and only there: what is predicted.", LABEL),
    Section(
        "features.<column>",
        "Optional, for XGBoost: the dataset is a table as it is, with texts, dates and empty cells, and the model "
        "itself makes numbers of them. Here is every other column of the dataset, in its order: with its type alone, "
        "`contract: category`, or with these keys, `notes: {type: text, max_terms: 50}`. The files are CSV with quotes "
        "(RFC 4180) around a cell with a comma or a quote, and with no line break in a cell.",
        FEATURE,
    ),
    Section(
        "script",
        "Optional, for XGBoost and scikit-learn: a program of your own, in the folder of the model's name beside this "
        "file, trains and serves. `hyperparameters` are then whatever it takes, numbers or texts, and `metrics` may "
        "map names of metrics to regular expressions that find their values in the log, for the learning curves. The "
        "data is CSV with quotes (RFC 4180), the label first.",
        SCRIPT,
    ),
    Section(
        "container",
        "Optional, with `algorithm: {name: container}`: an image of your own trains and serves, by SageMaker's "
        "contract: [containers.md](containers.md). `hyperparameters`, `metrics` and the data are as with `script`. "
        "`accepted` may map critical findings of ECR's scan to the reason why each does no harm here; any other one "
        "fails the release.",
        CONTAINER,
    ),
    Section(
        "metrics",
        "Optional: [metrics of your own](metrics.md), functions of a file in the folder of the model's name beside "
        "this file. Gates may name them like any other metric.",
        OWN_METRICS,
    ),
    Section(
        "metrics.functions.<function>",
        f"1 to {MOST_OWN_METRICS} functions, by their names, none of which is that of a metric below.",
        OWN_METRIC,
    ),
    Section("training", "Where the training job runs: [scale.md](scale.md).", TRAINING),
    Section(
        "training.spot",
        "Optional: trains on spare instances, which cost less and may be taken away. The job then goes on from its "
        "last checkpoint, if there is one.",
        SPOT,
    ),
    Section(
        "tuning",
        "Optional: SageMaker searches hyperparameters, in many training jobs, and the best model is released: "
        "[tuning.md](tuning.md).",
        tuning_schema.TUNING,
    ),
    Section("tuning.objective", "What the search aims at.", tuning_schema.OBJECTIVE),
    Section("tuning.resource", "Required with the strategy Hyperband, and only there.", tuning_schema.RESOURCE),
    Section(
        "tuning.ranges.<hyperparameter>",
        "What is tried of one hyperparameter, which is then not in `hyperparameters`; up to "
        f"{tuning_schema.MOST_RANGES}. The algorithms' sections below list those that AWS tunes; of a script they are "
        "whatever it takes.",
        tuning_schema.RANGE,
    ),
    Section("channels.<channel>", "`train` is required, `validation` is optional.", CHANNEL),
    Section(
        "environments.<environment>",
        "`dev` and `test` are required, `prod` is optional. Either these two keys ...",
        INSTANCE,
    ),
    Section("environments.<environment>.serverless", "... or this section, for no instances.", SERVERLESS),
    Section(
        "environments.prod.deployment",
        "Optional, with instances: how the traffic of prod moves to a new model. The old one serves until the end, "
        "and takes back all traffic if an alarm goes off.",
        DEPLOYMENT,
    ),
    Section("tests.<test>", "`smoke` judges the dev endpoint and then prod, `full` the test endpoint.", TEST),
    Section(
        "tests.<test>.gates.<metric>",
        "At least one bound for each metric; the release fails where a metric is outside.",
        GATE,
    ),
    Section(
        "tests.<test>.gates.failed_share",
        "Share of rows whose prediction failed or is not a finite number. Without this gate one such row fails the "
        "release; with it the metrics are of the other rows.",
        FAILED_SHARE_GATE,
    ),
    Section(
        "tests.full.champion",
        "Optional: the comparison with the model that prod serves, the champion. Both predict the same rows, so an "
        "endpoint of its own serves the champion meanwhile. The first release has no champion; its gates are then not "
        "applicable. Not in `smoke`, which judges prod itself.",
        CHAMPION,
    ),
    Section(
        "tests.full.champion.gates.<metric>",
        "At least one metric of the problem.",
        CHAMPION_GATE,
    ),
    Section(
        "tests.<test>.slices[<n>]",
        f"Optional, a list of up to {MOST_SLICE_COLUMNS} columns of CSV data, with up to {MOST_SLICES} slices in all: "
        "metrics of the rows apart by a column's value. Each entry has `ranges` or `values`, and may have `gates` for "
        'metrics as above, which hold in every slice. A row without a number there belongs to the slice "<column> '
        'missing". In a dataset without names of columns they are called by their place in the file, the label being '
        "`column 1`.",
        SLICE,
    ),
    Section(
        "tests.<test>.latency",
        "Optional: the requests to time. They are sent one after the other, once the rows are "
        "predicted, so the endpoint is warm; the first ones on each connection are not counted. Timed are `full` and "
        "whatever test has a gate of a latency or this section.",
        LATENCY,
    ),
    Section(
        "tests.<test>.drift",
        "Optional, for CSV data: how far the rows have moved from the training rows, as the population stability index "
        "of each column. Chance alone makes it about 9 * (1 / tested rows + 1 / training rows), so a bound for few "
        "rows must be well above that.",
        DRIFT,
    ),
    Section(
        "data",
        "Optional: pins the dataset, so that config and data can change together, such as the columns of both. A "
        "release of this config takes that dataset and no other. Push and upload in either order: the release waits an "
        "hour for a dataset that is not uploaded yet, and the upload of another one starts no release. Without this "
        "section a release takes the newest dataset, and each upload starts one.",
        DATA,
    ),
    Section("keep", "Optional: how much of earlier releases to keep.", KEEP),
)
