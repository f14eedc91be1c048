"""What one Evaluate action asks for, and what follows from the config and the dataset alone."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from inference_lambdas.aws.s3 import Bucket
from inference_lambdas.own.job import Site
from inference_lambdas.predicting.batching import INSTANCE_LIMIT_BYTES, SERVERLESS_LIMIT_BYTES, TARGET_BYTES
from inference_lambdas.predicting.predictions_file import Columns
from inference_lambdas.predicting.rows import RowFormat
from inference_lambdas.predicting.serving import Deployed
from pipeline_lambdas.algorithms.answers import PredictionForm
from pipeline_lambdas.config.model import EvaluationTest, OwnMetrics, ServerlessVariant, TrainingConfig
from pipeline_lambdas.evidence import keys
from pipeline_lambdas.release.dataset import DataFile, Dataset
from pipeline_lambdas.release.names import ENVIRONMENTS, Release
from pipeline_lambdas.runtime.failures import ConfigurationError

# One request is computed while the next one travels. More would only queue before a small endpoint's workers
# and show as latency.
MAX_IN_FLIGHT = 2
NO_CHAMPION = "none"
NOT_DEPLOYED = Deployed(NO_CHAMPION, NO_CHAMPION)


@dataclass(frozen=True, slots=True)
class Parameters:
    """The action's UserParameters; those of the champion have a default, as two of three environments have none.

    `config_artifact` is the SHA-256 of the artifact with the config and the files of the model's folder.
    """

    execution_id: str
    environment: str
    test: str
    endpoint_config: str
    endpoint_config_created: str
    config_sha256: str
    dataset_sha256: str
    champion: str = NO_CHAMPION
    champion_endpoint_config: str = NO_CHAMPION
    champion_endpoint_config_created: str = NO_CHAMPION
    config_artifact: str = ""

    @property
    def deployed(self) -> Deployed:
        return Deployed(self.endpoint_config, self.endpoint_config_created)

    @property
    def champion_deployed(self) -> Deployed:
        return Deployed(self.champion_endpoint_config, self.champion_endpoint_config_created)


@dataclass(frozen=True, slots=True)
class Evaluation:
    """What one Evaluate action asks for.

    `champion` is the model on the champion's endpoint, `champion_deployed` its config; NO_CHAMPION and NOT_DEPLOYED if
    there is none.
    """

    release: Release
    environment: str
    deployed: Deployed
    test: EvaluationTest
    config: TrainingConfig
    dataset: Dataset
    data_bucket: str
    artifact_bucket: str
    evidence_bucket: str
    kms_key_arn: str
    champion: str = NO_CHAMPION
    champion_deployed: Deployed = NOT_DEPLOYED
    target_bytes: int = TARGET_BYTES
    site: Site | None = None
    """Where a job computes the config's own metrics; None where none is started."""
    folder: Mapping[str, bytes] = field(default_factory=dict)
    """The files of the model's folder beside the config, for that job."""
    s3: Any = None
    """The client that the buckets are asked with; None is that of the function."""

    @property
    def data(self) -> Bucket:
        return Bucket(self.data_bucket, self.s3)

    @property
    def artifacts(self) -> Bucket:
        return Bucket(self.artifact_bucket, self.s3)

    @property
    def evidence(self) -> Bucket:
        return Bucket(self.evidence_bucket, self.s3)

    @property
    def endpoint(self) -> str:
        return self.release.endpoint(self.environment)

    @property
    def champion_endpoint(self) -> str:
        return self.release.endpoint("champion")

    @property
    def own_metrics(self) -> OwnMetrics | None:
        """The config's own metrics, if the test computes them."""
        return self.config.own_metrics(self.test)

    @property
    def files(self) -> tuple[DataFile, ...]:
        return self.dataset.channel(self.test.channel)

    @property
    def total_bytes(self) -> int:
        return sum(file.size_bytes for file in self.files)

    @property
    def content_type(self) -> str:
        return self.config.content_type(self.test.channel)

    @property
    def row_format(self) -> RowFormat:
        config = self.config
        return RowFormat(
            self.content_type,
            weights=config.built_in.weighted(config.hyperparameters),
            table=config.raw_rows,
            classes=config.class_names,
        )

    @property
    def prediction_form(self) -> PredictionForm:
        return self.config.prediction_form

    @property
    def limit_bytes(self) -> int:
        """The largest request that the endpoint takes."""
        service = SERVERLESS_LIMIT_BYTES if self._serverless else INSTANCE_LIMIT_BYTES
        return min(service, self.config.built_in.request_limit_bytes)

    @property
    def serverless(self) -> bool:
        return self._serverless is not None

    @property
    def in_flight(self) -> int:
        """How many requests are under way at a time."""
        variant = self._serverless
        return min(MAX_IN_FLIGHT, variant.max_concurrency) if variant else MAX_IN_FLIGHT

    @property
    def seed(self) -> int:
        """The seed of whatever is drawn: the first 8 digits of the execution id, so a repeat draws the same."""
        return int(self.release.execution_id[:8], 16)

    @property
    def compares(self) -> bool:
        """Whether there is a champion to compare with, and the config asks for it."""
        return self.test.champion is not None and self.champion != NO_CHAMPION

    @property
    def _serverless(self) -> ServerlessVariant | None:
        variant = self.config.environments.get(self.environment)
        return variant if isinstance(variant, ServerlessVariant) else None

    @property
    def report_key(self) -> str:
        return keys.evaluation(self.config.model, self.release.execution_id, self.environment)

    @property
    def predictions_key(self) -> str:
        return keys.predictions(self.config.model, self.release.execution_id, self.environment)

    @property
    def predictions_columns(self) -> Columns:
        return Columns.of(self.prediction_form, champion=self.compares)

    @property
    def state_key(self) -> str:
        """What the keys of its states and of its predictions begin with while it goes on; these are no evidence."""
        return keys.evaluation_state(self.config.model, self.release.execution_id, self.environment)


def test_of(config: TrainingConfig, environment: str, name: str) -> EvaluationTest:
    """Return the config's test of this name; ConfigurationError if there is no such environment or test."""
    if environment not in ENVIRONMENTS or name not in config.tests:
        raise ConfigurationError(
            f"UserParameters: found environment {environment}, test {name}; expected {', '.join(ENVIRONMENTS)} and "
            f"{', '.join(config.tests)}"
        )
    return config.tests[name]
