"""Parameters, tags and stack policy of a CloudFormation action.

https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/continuous-delivery-codepipeline-cfn-artifacts.html and
https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/continuous-delivery-codepipeline-parameter-override-functions.html
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from local_aws.codepipeline.actions.cloudformation.configuration import FilePlace, file_place
from local_aws.codepipeline.actions.cloudformation.files import InputFiles
from local_aws.codepipeline.actions.contract import ActionError

_CODE = "ConfigurationError"
_FILE = "TemplateConfiguration"
_OVERRIDES = "ParameterOverrides"
MAX_OVERRIDES_BYTES = 1024


@dataclass(frozen=True)
class Settings:
    """What a template is deployed with; `policy` is the text of the stack policy, None where none is given."""

    parameters: Mapping[str, str] = field(default_factory=dict)
    tags: Mapping[str, str] = field(default_factory=dict)
    policy: str | None = None

    def parameter_list(self) -> list[dict[str, str]]:
        """The parameters as CloudFormation's requests have them."""
        return [{"ParameterKey": name, "ParameterValue": value} for name, value in self.parameters.items()]

    def tag_list(self) -> list[dict[str, str]]:
        """The tags as CloudFormation's requests have them."""
        return [{"Key": name, "Value": value} for name, value in self.tags.items()]


def read_settings(configuration: Mapping[str, str], files: InputFiles) -> Settings:
    """The settings of the configuration file, with the overrides in place of its parameters. Raises ActionError."""
    document: dict[str, Any] = {}
    if _FILE in configuration:
        document = files.read_object(file_place(_FILE, configuration[_FILE]))
    unknown = sorted(set(document) - {"Parameters", "Tags", "StackPolicy"})
    if unknown:
        raise ActionError(
            _CODE, f"{_FILE} has {', '.join(unknown)}; expected Parameters, Tags and StackPolicy, which may be missing."
        )
    parameters = _texts(f"Parameters of {_FILE}", document.get("Parameters", {}))
    policy = document.get("StackPolicy")
    return Settings(
        {**parameters, **_overrides(configuration.get(_OVERRIDES, "{}"), files)},
        _texts(f"Tags of {_FILE}", document.get("Tags", {})),
        None if policy is None else json.dumps(policy),
    )


def _texts(where: str, found: object) -> dict[str, str]:
    if not isinstance(found, dict):
        raise ActionError(_CODE, f"{where} must be an object of names and values.")
    return {name: _text(where, name, value) for name, value in found.items()}


def _text(where: str, name: str, value: object) -> str:
    if isinstance(value, str):
        return value
    if isinstance(value, bool | int | float):
        return json.dumps(value)
    raise ActionError(_CODE, f"{where}: {name} must be a string; found {json.dumps(value)}.")


def _overrides(text: str, files: InputFiles) -> dict[str, str]:
    size = len(text.encode())
    if size > MAX_OVERRIDES_BYTES:
        raise ActionError(_CODE, f"{_OVERRIDES} has {size} bytes; {MAX_OVERRIDES_BYTES} are allowed.")
    try:
        found = json.loads(text)
    except ValueError as error:
        raise ActionError(_CODE, f"{_OVERRIDES} is not JSON: {error}.") from None
    if not isinstance(found, dict):
        raise ActionError(_CODE, f"{_OVERRIDES} must be a JSON object of parameter names and values.")
    return {name: _override(name, value, files) for name, value in found.items()}


def _override(name: str, value: object, files: InputFiles) -> str:
    if not isinstance(value, dict):
        return _text(_OVERRIDES, name, value)
    match list(value.items()):
        case [("Fn::GetArtifactAtt", [str(artifact), str(attribute)])]:
            return _attribute(name, files, artifact, attribute)
        case [("Fn::GetParam", [str(artifact), str(path), str(key)])]:
            return _value_in_file(name, files, FilePlace(artifact, path), key)
    raise ActionError(
        _CODE,
        f"{_OVERRIDES}: {name} is {json.dumps(value)}; expected a string, "
        '{"Fn::GetArtifactAtt": [artifact, attribute]} or {"Fn::GetParam": [artifact, file, key]}.',
    )


def _attribute(name: str, files: InputFiles, artifact_name: str, attribute: str) -> str:
    artifact = files.artifact(artifact_name)
    attributes = {
        "BucketName": artifact.bucket,
        "ObjectKey": artifact.key,
        "URL": f"https://s3.{files.region}.amazonaws.com/{artifact.bucket}/{artifact.key}",
    }
    if attribute not in attributes:
        allowed = ", ".join(attributes)
        raise ActionError(_CODE, f"{_OVERRIDES}: {name} asks for the attribute {attribute}; {allowed} are allowed.")
    return attributes[attribute]


def _value_in_file(name: str, files: InputFiles, place: FilePlace, key: str) -> str:
    found = files.read_object(place)
    if key not in found:
        raise ActionError(
            _CODE, f"{_OVERRIDES}: {name} asks for {key}, which [{place.path}] of artifact [{place.artifact}] lacks."
        )
    return _text(f"[{place.path}]", key, found[key])
