"""Names of everything that one installation of Slipway has, derived from its suffix and its model."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

from pipeline_lambdas.release.names import RESERVED_MODELS
from slipway.errors import SlipwayError

BRANCH = "main"
BUILDS = ("build", "check", "image")
"""The projects of CodeBuild."""
FUNCTIONS = (
    "train-model",
    "get-status",
    "deploy-model",
    "deploy-prod",
    "evaluate-model",
    "deploy-champion",
    "smoke-test-prod",
    "register-model",
    "write-evidence",
    "record-release",
    "clean-up",
    "start-release",
    "end-release",
    "settle-job",
    "publish",
    "publish-approved",
    "dispatch",
    "dispatch-approved",
)
"""All functions of a pipeline; some share a package, and the code of the last four is the template's."""
BucketPurpose = Literal["data", "packages", "models", "artifacts", "evidence", "logs"]

# The templates' AllowedPattern: SageMaker's ARNs are lower case and its names have 63 characters.
_SUFFIX = re.compile(r"[a-z0-9]([a-z0-9-]{0,10}[a-z0-9])?")
_MODEL = re.compile(r"[a-z0-9]([a-z0-9-]{0,18}[a-z0-9])?")


@dataclass(frozen=True)
class Names:
    """One installation (suffix) and one model in one account and Region."""

    suffix: str
    model: str
    account: str
    region: str

    def __post_init__(self) -> None:
        if not _SUFFIX.fullmatch(self.suffix):
            raise SlipwayError(
                f"--suffix: found {self.suffix!r}; expected 1 to 12 lower-case letters, digits and hyphens, "
                "no hyphen at either end."
            )
        if not _MODEL.fullmatch(self.model):
            raise SlipwayError(
                f"--model: found {self.model!r}; expected 1 to 20 lower-case letters, digits and hyphens, "
                "no hyphen at either end."
            )
        if self.model in RESERVED_MODELS:
            raise SlipwayError(
                f"--model: found {self.model!r}, a name that the Step Functions workflows use; "
                f"expected none of {', '.join(RESERVED_MODELS)}."
            )

    @property
    def pipeline(self) -> str:
        """The pipeline's name, which begins the name of everything that a release makes."""
        return f"slipway-{self.suffix}-{self.model}"

    @property
    def setup_stack(self) -> str:
        return f"slipway-setup-{self.suffix}"

    @property
    def pipeline_stack(self) -> str:
        return f"slipway-pipeline-{self.suffix}-{self.model}"

    @property
    def workflow_stack(self) -> str:
        return f"slipway-workflows-{self.suffix}"

    @property
    def model_table(self) -> str:
        """The register of the life cycle's models."""
        return f"slipway-{self.suffix}-lifecycle-models"

    def machine(self, name: str) -> str:
        """The name of a workflow's state machine, `images` for example."""
        return f"slipway-{self.suffix}-{name}"

    @property
    def manifest_key(self) -> str:
        """Key of the object whose upload starts a release."""
        return f"{self.model}/manifest.json"

    def function(self, name: str) -> str:
        return f"{self.pipeline}-{name}"

    def log_group(self, name: str) -> str:
        """The log group of a function or of a build project."""
        return f"/aws/{'codebuild' if name in BUILDS else 'lambda'}/{self.pipeline}-{name}"

    def endpoint(self, environment: str) -> str:
        return f"{self.pipeline}-{environment}"

    def repository(self, folder: str) -> str:
        """The CodeCommit repository of a folder, `training_config` for example."""
        return f"slipway-{self.suffix}-{folder.replace('_', '-')}"

    def bucket(self, purpose: BucketPurpose) -> str:
        return f"slipway-{self.suffix}-{purpose}-{self.account}-{self.region}"
