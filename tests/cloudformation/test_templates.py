"""Form: what every template of the folder keeps to."""

from __future__ import annotations

import re
from typing import Any

import pytest

from pipeline_lambdas.algorithms.table import ALGORITHMS
from tests.cloudformation import templates
from tests.cloudformation.templates import NAMES, Template

SECTIONS = ("Description", "Metadata", "Parameters", "Rules", "Mappings", "Conditions", "Resources", "Outputs")

# Of a template in a bucket; in a request it would be 51,200. The setup stack makes the package bucket, so its own
# template has none to lie in: the command line sends it in the request, the console uploads it by itself.
# https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/cloudformation-limits.html
LIMITS_BYTES = {"setup": 51_200, "pipeline": 1_000_000, "workflows": 1_000_000}

MACHINE = "arn:aws:states:eu-west-1:111122223333:stateMachine:slipway-local-text-dataset"
CONNECTION = "arn:aws:codeconnections:us-east-1:111122223333:connection/0a1b2c3d-1111-2222-3333-444455556666"

STATEFUL = {
    "AWS::KMS::Key",
    "AWS::S3::Bucket",
    "AWS::S3::BucketPolicy",  # a bucket that stays must stay closed
    "AWS::CodeCommit::Repository",
}


@pytest.fixture(params=NAMES)
def name(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def template(name: str) -> Template:
    return templates.load(name)


def test_every_template_of_the_folder_is_tested() -> None:
    assert {file.stem for file in templates.FOLDER.iterdir() if file.is_file()} == set(NAMES)


def test_sections_stand_in_one_order(template: Template) -> None:
    found = [section for section in template if section != "AWSTemplateFormatVersion"]
    assert found == [section for section in SECTIONS if section in found]
    assert {"Description", "Metadata", "Parameters", "Resources", "Outputs"} <= set(found)


def test_cloudformation_takes_its_size(name: str) -> None:
    assert templates.path(name).stat().st_size <= LIMITS_BYTES[name]


def test_the_interface_groups_every_parameter_once(template: Template) -> None:
    groups = template["Metadata"]["AWS::CloudFormation::Interface"]["ParameterGroups"]
    grouped = [parameter for group in groups for parameter in group["Parameters"]]
    assert grouped == list(template["Parameters"])


def test_every_parameter_has_a_label(template: Template) -> None:
    labels = template["Metadata"]["AWS::CloudFormation::Interface"]["ParameterLabels"]
    assert set(labels) == set(template["Parameters"])


def test_every_parameter_explains_itself(template: Template) -> None:
    for name, parameter in template["Parameters"].items():
        assert parameter["Description"].endswith("."), name
        assert ("AllowedPattern" in parameter) == ("ConstraintDescription" in parameter), name
        bounds = {"AllowedPattern", "AllowedValues", "MinValue"} & set(parameter)
        assert bounds, f"{name} takes any value"


def test_defaults_are_allowed(template: Template) -> None:
    for name, parameter in template["Parameters"].items():
        default = parameter.get("Default")
        if default is None:
            continue
        values = default.split(",") if parameter["Type"] == "CommaDelimitedList" else [default]
        for value in values:
            if "AllowedPattern" in parameter and parameter["Type"] != "Number":
                assert re.search(parameter["AllowedPattern"], value), name
            if "AllowedValues" in parameter:
                assert value in parameter["AllowedValues"], name
            if "MinValue" in parameter:
                assert parameter["MinValue"] <= value <= parameter["MaxValue"], name


@pytest.mark.parametrize(
    ("parameter", "good", "bad"),
    [
        ("SuffixID", ["a", "local", "team-7", "a" * 12], ["", "-a", "a-", "Local", "a_b", "a" * 13]),
        ("ModelName", ["m", "wine-quality", "m" * 20], ["", "-m", "m-", "Wine", "m.n", "m" * 21]),
        ("BranchName", ["main", "release/1.2", "_x"], ["", "/main", "-x", "a b", "a" * 256]),
        ("ConnectionArn", ["", CONNECTION], ["github", CONNECTION + "/x", CONNECTION.replace("connection/", "")]),
        (
            "TrainingConfigRepositoryId",
            ["", "acme/x", "acme/ml/x.y"],
            ["acme", "/x", "acme/", "https://github.com/a/b"],
        ),
        (
            "PrepareMachineArn",
            ["", MACHINE],
            ["text-dataset", f"{MACHINE}:1", MACHINE.replace("stateMachine", "activity")],
        ),
        ("PrepareSettings", ["{}", '{"reviews": "a/b.zip"}'], ["", "reviews", '{"a": "#{Config.CommitId}"}']),
        ("NotificationEmail", ["", "ml@example.com"], ["ml", "ml@example", "a b@example.com", "a@b.c d@e.f"]),
        ("RetrainingSchedule", ["", "rate(7 days)", "cron(0 3 ? * MON *)"], ["7 days", "rate()", "at(2026-01-01)"]),
        ("InstanceTypePatterns", ["ml.m5.large", "ml.m*", "ml.g5.*"], ["*", "m5.large", "ml.", "ML.M5.LARGE"]),
    ],
)
def test_patterns_allow_and_refuse(parameter: str, good: list[str], bad: list[str]) -> None:
    pattern = templates.load("pipeline")["Parameters"][parameter]["AllowedPattern"]
    assert [value for value in good if not re.search(pattern, value)] == []
    assert [value for value in bad if re.search(pattern, value)] == []


def test_both_templates_take_the_same_suffix() -> None:
    patterns = {templates.load(name)["Parameters"]["SuffixID"]["AllowedPattern"] for name in NAMES}
    assert len(patterns) == 1


def test_what_holds_state_outlives_the_stack(template: Template) -> None:
    for logical_id, resource in template["Resources"].items():
        if resource["Type"] in STATEFUL:
            assert resource.get("DeletionPolicy") == "RetainExceptOnCreate", logical_id
            assert resource.get("UpdateReplacePolicy") == "Retain", logical_id


def test_log_groups_go_with_the_stack_and_expire_and_use_the_key() -> None:
    groups = templates.of_type(templates.load("pipeline"), "AWS::Logs::LogGroup")
    assert groups
    for logical_id, resource in groups.items():
        assert (resource["DeletionPolicy"], resource["UpdateReplacePolicy"]) == ("Delete", "Delete"), logical_id
        assert resource["Properties"]["RetentionInDays"] == {"Ref": "LogsRetentionInDays"}, logical_id
        assert "KmsKeyId" in resource["Properties"], logical_id


def test_the_pipeline_stack_holds_no_state() -> None:
    assert not {resource["Type"] for resource in templates.load("pipeline")["Resources"].values()} & STATEFUL


def test_outputs_are_described(template: Template) -> None:
    assert [name for name, output in template["Outputs"].items() if not output.get("Description")] == []


def test_what_is_exported_is_imported_and_the_other_way_round() -> None:
    exported = {
        templates.render(output["Export"]["Name"], templates.load("setup"))
        for output in templates.load("setup")["Outputs"].values()
        if "Export" in output
    }
    pipeline = templates.load("pipeline")
    imported = {
        templates.render(value["Fn::ImportValue"], pipeline)
        for value in templates.walk(pipeline["Resources"])
        if isinstance(value, dict) and "Fn::ImportValue" in value
    }
    assert imported == exported
    assert not any("Export" in output for output in pipeline["Outputs"].values())


def test_the_region_rule_and_the_mapping_name_the_same_regions() -> None:
    template = templates.load("pipeline")
    (assertion,) = template["Rules"]["RegionHasImages"]["Assertions"]
    regions, asked = assertion["Assert"]["Fn::Contains"]
    assert asked == {"Ref": "AWS::Region"}
    assert sorted(regions) == sorted(template["Mappings"]["SageMakerImages"])
    for entry in template["Mappings"]["SageMakerImages"].values():
        assert set(entry) == {one.mapping_key for one in ALGORITHMS.values() if one.image.registries}
        assert all(re.fullmatch(r"\d{12}", account) for account in entry.values())


@pytest.mark.parametrize(
    ("resource_type", "property_name", "limit"),
    [
        ("AWS::S3::Bucket", "BucketName", 63),
        ("AWS::Lambda::Function", "FunctionName", 64),
        ("AWS::Events::Rule", "Name", 64),
        ("AWS::CodePipeline::Pipeline", "Name", 100),
        ("AWS::CodeCommit::Repository", "RepositoryName", 100),
    ],
)
def test_the_longest_names_fit(resource_type: str, property_name: str, limit: int) -> None:
    found: list[str] = [
        templates.render(resource["Properties"][property_name], template)
        for template in map(templates.load, NAMES)
        for resource in templates.of_type(template, resource_type).values()
    ]
    assert found
    assert [name for name in found if len(name) > limit] == []
    assert len(found) == len(set(found))


def test_no_template_writes_a_partition_a_region_or_an_account_into_an_arn(template: Template) -> None:
    texts: list[Any] = [value for value in templates.walk(template["Resources"]) if isinstance(value, str)]
    arns = [text for text in texts if text.startswith("arn:")]
    assert arns
    assert [arn for arn in arns if not arn.startswith("arn:${AWS::Partition}:")] == []
