"""The names of a release's resources, derived from the pipeline's name and the execution id.

They are lower case, as in SageMaker's ARNs, and have at most SageMaker's 63 characters.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal, get_args

from pipeline_lambdas.release.affected import DATASET, INFERENCE_LAMBDAS, PIPELINE_LAMBDAS, TRAINING_CONFIG
from pipeline_lambdas.runtime.failures import ConfigurationError

Environment = Literal["dev", "test", "prod"]
ENVIRONMENTS: tuple[str, ...] = get_args(Environment)
CHAMPION = "champion"
"""The environment in which Prod's model runs while the pipeline compares a release with it."""
MAX_ATTEMPTS = 9
NONE = "none"
"""The value of an output variable for a model or an endpoint that does not exist: a variable cannot be empty."""

WORKFLOW_SYSTEMS = ("images", "lifecycle", "tabular", "text")
"""The systems of Step Functions workflows; what one has is named slipway-SUFFIX-SYSTEM and slipway-SUFFIX-SYSTEM-..."""
RESERVED_MODELS = (*WORKFLOW_SYSTEMS, "workflow", "workflows")
"""Names that no model may have: they begin the names and the keys of what the Step Functions workflows own."""

TRIGGERS = {
    TRAINING_CONFIG: "training-config",
    PIPELINE_LAMBDAS: "pipeline-lambdas",
    INFERENCE_LAMBDAS: "inference-lambdas",
    DATASET: "dataset",
}
"""Source action to the end of two names: its rule's, and that of the role session that starts a release for it."""

_EXECUTION_ID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")
_SHORT_ID_CHARACTERS = 13
# With "champion" in full, the longest name of an endpoint config would have 64 characters.
CHAMPION_IN_CONFIG = "champ"
_NOT_ISOLATED = "-s"
"""Ends the name of a model for serverless endpoints, which accept no model with network isolation."""
_OF_PROD = "-prod"
"""Ends the name of Prod's own model, which only the role of `deploy-prod` may create."""
_ATTEMPT = rf"(?:-[2-{MAX_ATTEMPTS}])?"
SUFFIX_PATTERN = rf"[0-9a-f]{{8}}-[0-9a-f]{{4}}{_ATTEMPT}"
"""Matches the end of the name of a training job: the short execution id and, from the second on, the attempt."""
_STACK = r"slipway-[0-9a-f]{8}"
TUNING_PATTERN = rf"{_STACK}-{SUFFIX_PATTERN}"
"""Matches the name of a tuning job, which has at most 32 characters: too few for those of the pipeline. It begins with
the first eight characters of the id of the pipeline's stack, which is in the ARN of the stack.
https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_CreateHyperParameterTuningJob.html
"""
TRIAL_PATTERN = rf"{TUNING_PATTERN}-\d{{3,5}}-[0-9A-Za-z]+"
"""Matches the name of a training job that a tuning job made, to which SageMaker adds a number and some characters."""
MODEL_PATTERN = rf"{SUFFIX_PATTERN}(?:{_NOT_ISOLATED}|{_OF_PROD})?"
"""Matches the end of the name of a model."""


@dataclass(frozen=True, slots=True)
class Release:
    """One execution of one pipeline."""

    prefix: str
    execution_id: str

    def __post_init__(self) -> None:
        if not _EXECUTION_ID.fullmatch(self.execution_id):
            raise ConfigurationError(
                f"execution_id: found {self.execution_id!r}; expected a pipeline execution id, in UserParameters "
                "#{codepipeline.PipelineExecutionId}"
            )

    @property
    def short(self) -> str:
        """The first 13 characters of the execution id, which end the names."""
        return short_id(self.execution_id)

    def training_job(self, attempt: int = 1) -> str:
        """Return the name of the job. A name is never free again, so an attempt after a failure gets another."""
        if not 1 <= attempt <= MAX_ATTEMPTS:
            raise ValueError(f"attempt {attempt} is not between 1 and {MAX_ATTEMPTS}")
        return f"{self.prefix}-{self.short}{_suffix(attempt)}"

    def tuning_job(self, stack: str, attempt: int = 1) -> str:
        """Return the name of the tuning job; `stack` begins the names of the pipeline's: slipway-1a2b3c4d."""
        if not re.fullmatch(_STACK, stack):
            raise ConfigurationError(
                f"TUNING_PREFIX of the function: found {stack!r}; expected slipway- and the first 8 characters of the "
                "pipeline stack's id. Update the pipeline stack"
            )
        return f"{stack}-{self.short}{_suffix(attempt)}"

    def metrics_job(self, environment: str, attempt: int = 1) -> str:
        """Return the name of the processing job that computes an evaluation's own metrics."""
        return f"{self.prefix}-{environment}-{self.short}{_suffix(attempt)}"

    def endpoint(self, environment: str) -> str:
        return f"{self.prefix}-{environment}"

    def endpoint_config(self, environment: str, training_job: str) -> str:
        """Return the name of the config that serves `training_job`'s model in `environment`.

        A release compares with one champion only, so its config has no attempt.
        """
        if environment == CHAMPION:
            return f"{self.prefix}-{CHAMPION_IN_CONFIG}-{self.short}"
        return f"{self.prefix}-{environment}-{self.short}{_suffix(attempt_of(self.prefix, training_job))}"

    def model(self, training_job: str, *, isolated: bool) -> str:
        """Return the name of a training job's model with network isolation, or of the one without."""
        stem = self.stem(training_job)
        return stem if isolated else f"{stem}{_NOT_ISOLATED}"

    def prod_model(self, training_job: str) -> str:
        """Return the name of Prod's model of a training job, with or without network isolation."""
        return f"{self.stem(training_job)}{_OF_PROD}"

    def stem(self, training_job: str) -> str:
        """Return what begins the names of what is made of a training job: its own name, unless a tuning job made it."""
        short, attempt = _parts(self.prefix, training_job)
        return f"{self.prefix}-{short}{_suffix(attempt)}"

    def owns_model(self, name: str) -> bool:
        """Tell whether `name` is a model that this release made."""
        return is_model(self.prefix, name) and name.startswith(f"{self.prefix}-{self.short}")

    def owns_endpoint_config(self, environment: str, name: str) -> bool:
        """Tell whether `name` is a config that this release made for `environment`."""
        stem = re.escape(f"{self.prefix}-{environment}-{self.short}")
        return re.fullmatch(rf"{stem}{_ATTEMPT}", name) is not None


def short_id(execution_id: str) -> str:
    """Return the beginning of an execution id that names and messages show."""
    return execution_id[:_SHORT_ID_CHARACTERS]


def environment_of_config(prefix: str, name: str) -> str | None:
    """Return the environment of an endpoint config of this pipeline, `champion` too; None for any other name."""
    environments = "|".join((*ENVIRONMENTS, CHAMPION_IN_CONFIG))
    match = re.fullmatch(rf"{re.escape(prefix)}-({environments})-{SUFFIX_PATTERN}", name)
    if not match:
        return None
    return CHAMPION if match.group(1) == CHAMPION_IN_CONFIG else match.group(1)


def is_model(prefix: str, name: str) -> bool:
    """Tell whether `name` is a model of this pipeline."""
    return re.fullmatch(rf"{re.escape(prefix)}-{MODEL_PATTERN}", name) is not None


def is_tuning_job(name: str) -> bool:
    """Tell whether `name` is a tuning job's, and not a training job's, which has more parts."""
    return re.fullmatch(TUNING_PATTERN, name) is not None


def tuning_job_of(name: str) -> str | None:
    """Return the tuning job that `name` is, or that made the training job `name`; None for any other training job."""
    if re.fullmatch(TRIAL_PATTERN, name):
        return name.rsplit("-", 2)[0]
    return name if is_tuning_job(name) else None


def attempt_of(prefix: str, training_job: str) -> int:
    """Return the attempt that `training_job` is; ConfigurationError if it is not a job of this pipeline."""
    return _parts(prefix, training_job)[1]


def _parts(prefix: str, training_job: str) -> tuple[str, int]:
    """Return the short execution id and the attempt that a training job's name tells."""
    if re.fullmatch(TRIAL_PATTERN, training_job):
        rest = "-".join(training_job.split("-")[2:-2])
    elif re.fullmatch(rf"{re.escape(prefix)}-{SUFFIX_PATTERN}", training_job):
        rest = training_job[len(prefix) + 1 :]
    else:
        raise ConfigurationError(
            f"UserParameters: training_job: found {training_job!r}; expected a training job of this pipeline, "
            f"{prefix}-<13 characters of the execution id>, or one of its tuning job, from "
            "#{Training.TrainingJobName}"
        )
    return rest[:_SHORT_ID_CHARACTERS], int(rest[_SHORT_ID_CHARACTERS + 1 :] or 1)


def _suffix(attempt: int) -> str:
    return "" if attempt == 1 else f"-{attempt}"
