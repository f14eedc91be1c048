"""The environment variables of a build. They include nothing from this machine's environment.

https://docs.aws.amazon.com/codebuild/latest/userguide/build-env-ref-env-vars.html
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from local_aws import base
from local_aws.codebuild.buildspec import Buildspec
from local_aws.codebuild.faults import PhaseFailedError
from local_aws.codebuild.names import project_arn
from local_aws.settings import NO_HOST_PREFIX

if TYPE_CHECKING:
    from local_aws.codebuild.platform import Platform, ServiceRole
    from local_aws.codebuild.records import Document

PARAMETER_STORE, SECRETS_MANAGER = "PARAMETER_STORE", "SECRETS_MANAGER"
_MAX_PARAMETERS = 10
"""https://docs.aws.amazon.com/systems-manager/latest/APIReference/API_GetParameters.html"""
_ARN_PARTS = 7


def fixed_variables(platform: Platform, build: Document, request: Document) -> dict[str, str]:
    """Return the variables that CodeBuild sets for every build."""
    region = platform.region
    variables = {
        "AWS_DEFAULT_REGION": region,
        "AWS_EC2_METADATA_DISABLED": "true",
        "AWS_ENDPOINT_URL": platform.runtime.settings.url,
        **NO_HOST_PREFIX,
        "AWS_REGION": region,
        "CODEBUILD_BUILD_ARN": build["arn"],
        "CODEBUILD_BUILD_ID": build["id"],
        "CODEBUILD_BUILD_IMAGE": request["environment"]["image"],
        "CODEBUILD_BUILD_NUMBER": str(build["buildNumber"]),
        "CODEBUILD_BUILD_SUCCEEDING": "1",
        "CODEBUILD_BUILD_URL": f"{platform.runtime.settings.console}/codebuild/home?region={region}#/builds/"
        f"{build['id']}/view/new",
        "CODEBUILD_INITIATOR": build["initiator"],
        "CODEBUILD_KMS_KEY_ID": build["encryptionKey"],
        "CODEBUILD_PROJECT_ARN": project_arn(region, build["projectName"]),
        "CODEBUILD_LOG_PATH": build["logs"].get("streamName", ""),
        "CODEBUILD_SOURCE_REPO_URL": _source_url(request["source"]),
        "CODEBUILD_START_TIME": str(int(build["startTime"] * 1000)),
        "LANG": "C.UTF-8",
    }
    if build.get("sourceVersion"):
        variables["CODEBUILD_SOURCE_VERSION"] = build["sourceVersion"]
    if build.get("resolvedSourceVersion"):
        variables["CODEBUILD_RESOLVED_SOURCE_VERSION"] = build["resolvedSourceVersion"]
    for source in request.get("secondarySources", []):
        variables[f"CODEBUILD_SOURCE_REPO_URL_{source['sourceIdentifier']}"] = _source_url(source)
    for version in build.get("secondarySourceVersions", []):
        variables[f"CODEBUILD_SOURCE_VERSION_{version['sourceIdentifier']}"] = version["sourceVersion"]
    return variables


def _source_url(source: Document) -> str:
    location: str = source.get("location", "")
    return f"s3://{location.removeprefix('arn:aws:s3:::')}" if location and source["type"] == "S3" else location


def credential_variables(credentials: base.Credentials) -> dict[str, str]:
    """Credentials of the service role. AWS provides them through a container endpoint; SDKs read these too."""
    return {
        "AWS_ACCESS_KEY_ID": credentials.access_key_id,
        "AWS_SECRET_ACCESS_KEY": credentials.secret_access_key,
        "AWS_SESSION_TOKEN": credentials.session_token,
    }


class Variables:
    """The variables of StartBuild, project and buildspec, with values from SSM and Secrets Manager looked up."""

    def __init__(self, role: ServiceRole, request: Document, spec: Buildspec) -> None:
        """A variable of StartBuild overrides the project's, which overrides the buildspec's."""
        self._role = role
        self._of_project = request["environment"].get("environmentVariables", [])
        kinds = {v["name"]: (v.get("type", "PLAINTEXT"), v["value"]) for v in self._of_project}
        of_spec = {name: ("PLAINTEXT", value) for name, value in spec.variables.items()}
        of_spec |= {name: (PARAMETER_STORE, value) for name, value in spec.parameters.items()}
        of_spec |= {name: (SECRETS_MANAGER, value) for name, value in spec.secrets.items()}
        self._all = {**of_spec, **kinds}

    def resolve(self) -> tuple[dict[str, str], list[str]]:
        """The values by name, and the values that logs must not show. Raises PhaseFailedError."""
        from botocore.exceptions import ClientError  # noqa: PLC0415 - loaded with the first client

        values = {name: value for name, (kind, value) in self._all.items() if kind == "PLAINTEXT"}
        try:
            hidden = self._parameters() | self._secrets()
        except ClientError as error:
            cause = error.response["Error"]
            raise PhaseFailedError("CLIENT_ERROR", f"{error.operation_name}: {cause['Message']}") from None
        return values | hidden, list(hidden.values())

    def refused_exports(self) -> set[str]:
        """Names that must not be exported: those of values from SSM and Secrets Manager."""
        return {v["name"] for v in self._of_project if v.get("type", "PLAINTEXT") != "PLAINTEXT"}

    def _kind(self, wanted: str) -> dict[str, str]:
        return {name: value for name, (kind, value) in self._all.items() if kind == wanted}

    def _parameters(self) -> dict[str, str]:
        wanted = self._kind(PARAMETER_STORE)
        names = sorted(set(wanted.values()))
        found: dict[str, str] = {}
        for start in range(0, len(names), _MAX_PARAMETERS):
            some = names[start : start + _MAX_PARAMETERS]
            answer = self._role.client("ssm").get_parameters(Names=some, WithDecryption=True)
            found |= {parameter["Name"]: parameter["Value"] for parameter in answer["Parameters"]}
        missing = [name for name in names if name not in found]
        if missing:
            raise PhaseFailedError("CLIENT_ERROR", f"Parameter does not exist: {', '.join(missing)}")
        return {name: found[parameter] for name, parameter in wanted.items()}

    def _secrets(self) -> dict[str, str]:
        return {name: self._secret(name, reference) for name, reference in self._kind(SECRETS_MANAGER).items()}

    def _secret(self, variable: str, reference: str) -> str:
        secret, key, version = parse_secret(reference)
        text: str = self._role.client("secretsmanager").get_secret_value(SecretId=secret, **version)["SecretString"]
        if not key:
            return text
        try:
            document = json.loads(text)
        except ValueError:
            document = None
        if not isinstance(document, dict) or key not in document:
            raise PhaseFailedError("CLIENT_ERROR", f"{variable}: the secret {secret} has no JSON key {key}")
        return str(document[key])


def parse_secret(reference: str) -> tuple[str, str, dict[str, Any]]:
    """Secret, JSON key and version of `secret-id:json-key:version-stage:version-id`; an ARN contains colons too."""
    parts = reference.split(":")
    if reference.startswith("arn:"):
        parts = [":".join(parts[:_ARN_PARTS]), *parts[_ARN_PARTS:]]
    secret, key, stage, version_id = (*parts, "", "", "")[:4]
    version = {"VersionStage": stage} if stage else {}
    return secret, key, version | ({"VersionId": version_id} if version_id else {})


def exported(names: Iterable[str], environment: Mapping[str, str], refused: set[str]) -> list[dict[str, str]]:
    """The exported variables of a build, without those that were never set."""
    return [{"name": name, "value": environment[name]} for name in names if name in environment and name not in refused]
