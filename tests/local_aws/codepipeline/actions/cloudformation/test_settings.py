"""What a CloudFormation action reads: its configuration, its files, parameters and overrides."""

from __future__ import annotations

import io
import json
import zipfile
from typing import Any

import pytest

from local_aws.codepipeline.actions.cloudformation.configuration import FilePlace, file_place, refusal
from local_aws.codepipeline.actions.cloudformation.files import InputFiles
from local_aws.codepipeline.actions.cloudformation.parameters import read_settings
from local_aws.codepipeline.actions.contract import ActionError
from local_aws.codepipeline.state.records import ArtifactRecord
from tests.local_aws.s3_double import FakeS3

CONFIGURATION = {"ActionMode": "CREATE_UPDATE", "StackName": "s", "RoleArn": "r", "TemplatePath": "In::t.json"}


class FakeTools:
    """An artifact store, and what a work has of it."""

    region = "us-east-1"

    def __init__(self, files: dict[str, str]) -> None:
        self.s3 = FakeS3()
        self.inputs = (ArtifactRecord("e", "In", "store", "p/In/1", 1, None),)
        self.action = type("Action", (), {"name": "Deploy"})
        packed = io.BytesIO()
        with zipfile.ZipFile(packed, "w") as archive:
            for name, content in files.items():
                archive.writestr(name, content)
        self.s3.objects["store", "p/In/1"] = packed.getvalue()

    def store_client(self, _work: Any) -> FakeS3:
        return self.s3

    def input_files(self) -> InputFiles:
        return InputFiles(self, self)  # type: ignore[arg-type]


def settings(files: dict[str, Any] | None = None, **configuration: str) -> Any:
    written = {name: json.dumps(document) for name, document in (files or {}).items()}
    return read_settings(configuration, FakeTools(written).input_files())


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"ActionMode": "CREATE"}, "ActionMode is 'CREATE'; CREATE_UPDATE, REPLACE_ON_FAILURE, DELETE_ONLY, "),
        ({"ActionMode": "CHANGE_SET_REPLACE"}, "ActionMode CHANGE_SET_REPLACE requires ChangeSetName"),
        ({"RoleArn": None}, "ActionMode CREATE_UPDATE requires RoleArn"),
        ({"RoleArn": None, "TemplatePath": None}, "ActionMode CREATE_UPDATE requires RoleArn, TemplatePath"),
        ({"ActionMode": "CHANGE_SET_EXECUTE"}, "ActionMode CHANGE_SET_EXECUTE requires ChangeSetName"),
        ({"Capabilities": "CAPABILITY_IAM, CAPABILITY_ALL"}, "Capabilities has  CAPABILITY_ALL; "),
    ],
)
def test_what_a_declaration_may_not_say(change: dict[str, str | None], message: str) -> None:
    configuration = {key: value for key, value in {**CONFIGURATION, **change}.items() if value is not None}
    assert message in str(refusal(configuration))


@pytest.mark.parametrize(
    "change",
    [
        {},
        {"Capabilities": "CAPABILITY_IAM,CAPABILITY_AUTO_EXPAND"},
        {"Capabilities": "#{variables.Capability}"},
        {"ActionMode": "DELETE_ONLY"},
    ],
)
def test_what_a_declaration_may_say(change: dict[str, str]) -> None:
    assert refusal({**CONFIGURATION, **change}) is None


@pytest.mark.parametrize("text", ["template.json", "In::", "::t.json", "In:t.json"])
def test_a_place_names_artifact_and_file(text: str) -> None:
    with pytest.raises(ActionError, match="expected ArtifactName::FileName"):
        file_place("TemplatePath", text)


def test_a_place_may_have_folders() -> None:
    assert file_place("TemplatePath", "In::a/b.json") == FilePlace("In", "a/b.json")


def test_overrides_stand_in_place_of_the_file_s_parameters() -> None:
    found = settings(
        {"c.json": {"Parameters": {"A": "a", "B": 2, "C": True}, "Tags": {"T": "t"}}, "o.json": {"K": "v"}},
        TemplateConfiguration="In::c.json",
        ParameterOverrides=json.dumps(
            {
                "A": {"Fn::GetParam": ["In", "o.json", "K"]},
                "D": {"Fn::GetArtifactAtt": ["In", "ObjectKey"]},
                "E": {"Fn::GetArtifactAtt": ["In", "URL"]},
            }
        ),
    )
    url = "https://s3.us-east-1.amazonaws.com/store/p/In/1"
    assert found.parameters == {"A": "v", "B": "2", "C": "true", "D": "p/In/1", "E": url}
    assert found.tag_list() == [{"Key": "T", "Value": "t"}]
    assert found.policy is None


@pytest.mark.parametrize(
    ("overrides", "message"),
    [
        ("[", "ParameterOverrides is not JSON"),
        ("[]", "ParameterOverrides must be a JSON object"),
        (json.dumps({"A": "x" * 1024}), "ParameterOverrides has 1033 bytes; 1024 are allowed"),
        (json.dumps({"A": ["x"]}), 'A must be a string; found ["x"]'),
        (json.dumps({"A": {"Ref": "B"}}), 'A is {"Ref": "B"}; expected a string'),
        (json.dumps({"A": {"Fn::GetParam": ["In", "o.json"]}}), "expected a string"),
        (
            json.dumps({"A": {"Fn::GetParam": ["Out", "o.json", "K"]}}),
            "The artifact Out is no input artifact of action",
        ),
        (json.dumps({"A": {"Fn::GetParam": ["In", "x.json", "K"]}}), "File [x.json] does not exist in artifact [In]"),
        (
            json.dumps({"A": {"Fn::GetParam": ["In", "o.json", "X"]}}),
            "A asks for X, which [o.json] of artifact [In] lacks",
        ),
        (json.dumps({"A": {"Fn::GetParam": ["In", "l.json", "X"]}}), "[l.json] of artifact [In] is not a JSON object"),
        (json.dumps({"A": {"Fn::GetArtifactAtt": ["In", "Name"]}}), "BucketName, ObjectKey, URL are allowed"),
    ],
)
def test_wrong_overrides_are_told(overrides: str, message: str) -> None:
    with pytest.raises(ActionError) as error:
        settings({"o.json": {"K": "v"}, "l.json": []}, ParameterOverrides=overrides)
    assert error.value.code == "ConfigurationError"
    assert message in str(error.value)


@pytest.mark.parametrize(
    ("document", "message"),
    [
        ({"parameters": {}}, "TemplateConfiguration has parameters; expected Parameters, Tags and StackPolicy"),
        ({"Parameters": []}, "Parameters of TemplateConfiguration must be an object"),
        ({"Tags": {"a": {}}}, "Tags of TemplateConfiguration: a must be a string; found {}"),
    ],
)
def test_a_wrong_configuration_file_is_told(document: dict[str, Any], message: str) -> None:
    with pytest.raises(ActionError) as error:
        settings({"c.json": document}, TemplateConfiguration="In::c.json")
    assert message in str(error.value)


def test_an_artifact_that_is_no_archive_or_not_there_is_told() -> None:
    tools = FakeTools({})
    tools.s3.objects["store", "p/In/1"] = b"{}"
    with pytest.raises(ActionError, match="The artifact In is not a zip archive"):
        tools.input_files().read(FilePlace("In", "t.json"))
    del tools.s3.objects["store", "p/In/1"]
    with pytest.raises(ActionError, match="does not exist: the action that declares it as its output"):
        tools.input_files().read(FilePlace("In", "t.json"))
    tools.s3.denied.add("p/In/1")
    with pytest.raises(ActionError, match="The provided role does not have sufficient permissions") as error:
        tools.input_files().read(FilePlace("In", "t.json"))
    assert error.value.code == "PermissionError"


def test_a_file_that_is_no_text_is_told() -> None:
    tools = FakeTools({})
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("t.json", b"\xff\xfe")
    tools.s3.objects["store", "p/In/1"] = packed.getvalue()
    with pytest.raises(ActionError, match=r"File \[t.json\] of artifact \[In\] cannot be read"):
        tools.input_files().read(FilePlace("In", "t.json"))
