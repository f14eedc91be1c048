"""The rules of the section `tuning`, with the limits of SageMaker's API.

https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_CreateHyperParameterTuningJob.html,
https://docs.aws.amazon.com/sagemaker/latest/dg/automatic-model-tuning-limits.html
"""

from __future__ import annotations

from collections.abc import Mapping

from pipeline_lambdas.config.rules import Rule, as_text, choice, either, integer, number, several, text

GRID, HYPERBAND, RANDOM, BAYESIAN = "Grid", "Hyperband", "Random", "Bayesian"
MOST_RANGES, MOST_VALUES, MOST_PARALLEL = 30, 30, 100
MOST_JOBS, MOST_RANDOM_JOBS = 750, 10_000
MOST_RESOURCE = 20_000
MOST_METRICS = 20
"""That a program may define, with tuning: alone a training job takes more."""
_DAY_S = 24 * 3600


def _early_stopping(value: object) -> str | None:
    # YAML reads a bare off as false.
    return "Off" if value is False else value if isinstance(value, str) and value in {"Off", "Auto"} else None


TUNING: Mapping[str, Rule] = {
    "strategy": choice(BAYESIAN, RANDOM, GRID, HYPERBAND)
    .about(
        "How the next hyperparameters are chosen: by what earlier jobs have found; by chance; each combination of "
        "`values`; or by chance, where jobs that fall behind are stopped"
    )
    .optional(BAYESIAN),
    "max_jobs": integer(1, MOST_RANDOM_JOBS)
    .about(f"Training jobs in all, up to {MOST_JOBS}, with Random more. Required but for Grid, which has no such key")
    .optional(),
    "max_parallel_jobs": integer(1, MOST_PARALLEL)
    .about("Training jobs at a time. A Bayesian search learns more from jobs that run one after the other")
    .optional("1"),
    "early_stopping": Rule("Off, Auto", _early_stopping)
    .about("Auto stops a job whose metric is worse than the median of the others at the same step; not with Hyperband")
    .optional("Off"),
    "seed": integer(0, 2**31 - 1).about("Makes a search begin with the same hyperparameters each time").optional(),
    "max_runtime_s": integer(120, _DAY_S)
    .about("Seconds after which the search ends with the best that it has found; the pipeline waits 24 hours at most")
    .optional(),
}
OBJECTIVE: Mapping[str, Rule] = {
    "metric": text(r"[^\s,]{1,255}", "the name of a metric, such as validation:rmse").about(
        "A metric of the validation channel that the algorithm logs, or one of `script.metrics`"
    ),
    "type": choice("Minimize", "Maximize").about("Whether it should be small or large"),
}
RESOURCE: Mapping[str, Rule] = {
    "min": integer(1, MOST_RESOURCE).about("Values of the metric that each job may log at least").optional("1"),
    "max": integer(2, MOST_RESOURCE).about("Values at which a job ends; for XGBoost its rounds"),
}
_VALUE = text(r"[^\r\n]{1,256}", "a text of 1 to 256 characters")
RANGE: Mapping[str, Rule] = {
    "type": choice("integer", "continuous", "categorical").about("Whole numbers, numbers, or a list of values"),
    "min": number().about("The least, of numbers").optional(),
    "max": number().about("The greatest, of numbers").optional(),
    "scaling": choice("Auto", "Linear", "Logarithmic", "ReverseLogarithmic")
    .about("How the numbers lie: Logarithmic for those above 0, ReverseLogarithmic for continuous ones in [0, 1)")
    .optional("Auto"),
    "values": several(either(_VALUE, as_text(number())), "values", MOST_VALUES)
    .about("What a categorical one may be; YAML reads a bare true or no as another value, so put these in quotes")
    .optional(),
}
