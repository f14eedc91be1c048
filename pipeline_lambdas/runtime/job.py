"""The event of a Lambda invoke action, as typed values.

https://docs.aws.amazon.com/codepipeline/latest/userguide/action-reference-Lambda.html
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from pipeline_lambdas.runtime.credentials import Credentials
from pipeline_lambdas.runtime.failures import ConfigurationError

EVENT_KEY = "CodePipeline.job"


@dataclass(frozen=True, slots=True)
class Artifact:
    """The location of an input artifact; `revision` is its commit or object version if CodePipeline sends it."""

    name: str
    bucket: str
    key: str
    revision: str | None = None


@dataclass(frozen=True, slots=True)
class Job:
    """One job. `user_parameters` is the action's text as configured, empty without one."""

    id: str
    function_name: str
    user_parameters: str
    inputs: Mapping[str, Artifact]
    credentials: Credentials = field(repr=False)
    continuation_token: str | None = None

    def artifact(self, name: str) -> Artifact:
        """Return the input artifact `name`; ConfigurationError if the action does not have it."""
        try:
            return self.inputs[name]
        except KeyError:
            raise ConfigurationError(
                f"InputArtifacts: found {', '.join(sorted(self.inputs)) or 'none'}; this action needs "
                f"{name}. Add it to the action in the pipeline's template."
            ) from None


def job_id(event: Any) -> str:
    """Return the id to report a result for; ConfigurationError if the event has none."""
    try:
        identifier = event[EVENT_KEY]["id"]
    except (KeyError, TypeError):
        identifier = None
    if not isinstance(identifier, str) or not identifier:
        raise ConfigurationError(
            f'The event has no "{EVENT_KEY}" with an id: only CodePipeline may invoke this function.'
        )
    return identifier


def parse_job(event: Any) -> Job:
    """Parse the whole event; ConfigurationError names what it lacks and contains no value of it."""
    identifier = job_id(event)
    try:
        data = event[EVENT_KEY]["data"]
        configuration = data["actionConfiguration"]["configuration"]
        credentials = data["artifactCredentials"]
        inputs = [_artifact(item) for item in data.get("inputArtifacts", ())]
        return Job(
            id=identifier,
            function_name=configuration["FunctionName"],
            # Absent when the action has none configured.
            user_parameters=configuration.get("UserParameters") or "",
            inputs={artifact.name: artifact for artifact in inputs},
            credentials=Credentials(
                access_key_id=credentials["accessKeyId"],
                secret_access_key=credentials["secretAccessKey"],
                session_token=credentials.get("sessionToken") or "",
            ),
            # Absent on the first invocation of an action.
            continuation_token=data.get("continuationToken") or None,
        )
    except (KeyError, TypeError, AttributeError) as error:
        lacking = error.args[0] if isinstance(error, KeyError) else "a key of another type than documented"
        raise ConfigurationError(f"The job event is not as documented: it lacks {lacking}.") from None


def _artifact(item: Any) -> Artifact:
    place = item["location"]["s3Location"]
    return Artifact(item["name"], place["bucketName"], place["objectKey"], item.get("revision"))
