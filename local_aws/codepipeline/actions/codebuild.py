"""Build and test actions of CodeBuild: starts a build and polls it until it has ended.

https://docs.aws.amazon.com/codepipeline/latest/userguide/action-reference-CodeBuild.html
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from local_aws.codepipeline.actions.contract import ActionError, Failed, Outcome, Provider, Succeeded, Work
from local_aws.codepipeline.definition.rules import Rules
from local_aws.codepipeline.state.records import WAITING, ArtifactRecord

_MAX_VARIABLES = 1000
_TYPES = ("PLAINTEXT", "PARAMETER_STORE", "SECRETS_MANAGER")
_MAX_INPUTS = _MAX_OUTPUTS = 5


def _variables(configuration: Mapping[str, str]) -> list[dict[str, str]]:
    """EnvironmentVariables of the configuration. Raises ValueError with what is wrong."""
    text = configuration.get("EnvironmentVariables")
    if text is None:
        return []
    if len(text) > _MAX_VARIABLES:
        raise ValueError(f"EnvironmentVariables has {len(text)} characters; {_MAX_VARIABLES} are allowed")
    try:
        found = json.loads(text)
    except ValueError:
        raise ValueError("EnvironmentVariables is not JSON") from None
    if not isinstance(found, list) or not all(
        isinstance(v, dict) and set(v) <= {"name", "value", "type"} and {"name", "value"} <= set(v) for v in found
    ):
        raise ValueError("EnvironmentVariables is not a list of objects with name, value and type")
    for variable in found:
        if variable.get("type", "PLAINTEXT") not in _TYPES:
            raise ValueError(f"EnvironmentVariables has the type {variable['type']}; expected {', '.join(_TYPES)}")
    return found


def _refusal(configuration: Mapping[str, str]) -> str | None:
    for name in ("BatchEnabled", "CombineArtifacts"):
        if configuration.get(name, "false").lower() != "false":
            return f"{name} is '{configuration[name]}'; local AWS runs no batch builds"
    try:
        _variables(configuration)
    except ValueError as error:
        return str(error)
    return None


class CodeBuild(Provider):
    rules = Rules(
        inputs=(1, _MAX_INPUTS),
        outputs=(0, _MAX_OUTPUTS),
        required=frozenset({"ProjectName"}),
        optional=frozenset(
            {"BatchEnabled", "BuildspecOverride", "CombineArtifacts", "EnvironmentVariables", "PrimarySource"}
        ),
        refusal=_refusal,
    )

    def start(self, work: Work) -> Outcome:
        """Start the build. After a kill before its id is stored, the idempotency token finds the same build again."""
        build = self.tools.client("codebuild", work).start_build(**self._request(work))["build"]
        url = f"{self.tools.console}/codesuite/codebuild/projects/{build['projectName']}"
        self.tools.state.update_action(
            work.record.id,
            phase=WAITING,
            external_id=build["id"],
            external_url=f"{url}/build/{build['id']}/?region={self.tools.region}",
            due=self.tools.next_poll(work),
        )
        return None

    def resume(self, work: Work) -> Outcome:
        """After a restart, check the build at once."""
        return self.due(work) if work.record.external_id else self.start(work)

    def due(self, work: Work) -> Outcome:
        """Check whether the build has ended."""
        found = self.tools.client("codebuild", work).batch_get_builds(ids=[work.record.external_id])["builds"]
        if not found:
            return Failed("JobFailed", f"The build {work.record.external_id} no longer exists.")
        build = found[0]
        if not build["buildComplete"]:
            self.tools.state.update_action(work.record.id, due=self.tools.next_poll(work))
            return None
        if build["buildStatus"] != "SUCCEEDED":
            summary = f"Build terminated with state: {build['buildStatus']}"
            return Failed("JobFailed", f"{summary}. {_reason(build)}", build["id"], summary)
        missing = _missing_outputs(work, build)
        if missing:
            return Failed(
                "JobFailed",
                f"The build {build['id']} made no output artifact {missing}; its buildspec has no such `artifacts`.",
                build["id"],
            )
        exported = {v["name"]: v["value"] for v in build.get("exportedEnvironmentVariables", [])}
        return Succeeded(variables=exported, external_id=build["id"], external_url=work.record.external_url)

    def _request(self, work: Work) -> dict[str, Any]:
        configuration = work.configuration
        primary = _primary(work)
        request: dict[str, Any] = {
            "projectName": configuration["ProjectName"],
            "idempotencyToken": work.record.id,
            "sourceTypeOverride": "CODEPIPELINE",  # whatever source the project has for its own builds
            "sourceVersion": _arn(primary),
            "secondarySourcesVersionOverride": [
                {"sourceIdentifier": artifact.name, "sourceVersion": _arn(artifact)}
                for artifact in work.inputs
                if artifact is not primary
            ],
            "artifactsOverride": {"type": "CODEPIPELINE"},
            "environmentVariablesOverride": _variables(configuration),
        }
        if len(work.outputs) == 1:
            request["artifactsOverride"] |= _target(work.outputs[0])
        elif work.outputs:
            request["secondaryArtifactsOverride"] = [
                {"type": "CODEPIPELINE", "artifactIdentifier": artifact.name, **_target(artifact)}
                for artifact in work.outputs
            ]
        if "BuildspecOverride" in configuration:
            request["buildspecOverride"] = configuration["BuildspecOverride"]
        if work.pipeline.store.key_id:
            request["encryptionKeyOverride"] = work.pipeline.store.key_id
        return request


def _primary(work: Work) -> ArtifactRecord:
    """The input whose buildspec runs. Raises ActionError where several inputs name none."""
    name = work.configuration.get("PrimarySource")
    if name is None and len(work.inputs) == 1:
        return work.inputs[0]
    for artifact in work.inputs:
        if artifact.name == name:
            return artifact
    inputs = ", ".join(artifact.name for artifact in work.inputs)
    raise ActionError(
        "ConfigurationError",
        f"PrimarySource of action {work.action.name} is {name or 'missing'}; the input artifacts are {inputs}.",
    )


def _arn(artifact: ArtifactRecord) -> str:
    return f"arn:aws:s3:::{artifact.bucket}/{artifact.key}"


def _target(artifact: ArtifactRecord) -> dict[str, str]:
    return {"location": artifact.bucket, "path": artifact.key}


def _missing_outputs(work: Work, build: Mapping[str, Any]) -> str:
    made = [build.get("artifacts", {}), *build.get("secondaryArtifacts", [])]
    places = {artifact.get("location") for artifact in made}
    return ", ".join(artifact.name for artifact in work.outputs if _arn(artifact) not in places)


def _reason(build: Mapping[str, Any]) -> str:
    """The phase that ended the build, its message, and where the log is."""
    bad = [phase for phase in build["phases"] if phase.get("phaseStatus") not in (None, "SUCCEEDED")]
    parts = []
    if bad:
        contexts = [c for c in bad[0].get("contexts", []) if c.get("statusCode") or c.get("message")]
        text = "; ".join(f"{c.get('statusCode', '')}: {c.get('message', '')}".strip(": ") for c in contexts)
        parts.append(f"Phase {bad[0]['phaseType']}: {text}." if text else f"Phase {bad[0]['phaseType']}.")
    logs = build.get("logs", {})
    if logs.get("groupName"):
        parts.append(f"Log: group {logs['groupName']}, stream {logs['streamName']}.")
    return " ".join(parts)
