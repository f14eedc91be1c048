"""Templates that CloudFormation refuses, by its own sentences; each case names where the sentence is published."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml
from botocore.exceptions import ClientError
from cfnlint.config import ConfigMixIn
from cfnlint.runner import Runner

from local_aws.base.cloudformation.template_errors import Finding
from local_aws.template_linter import LEFT_OUT
from tests.local_server import ROOT, LocalServer, wait_for

GUIDE = "https://repost.aws/knowledge-center/cloudformation-template-validation"
ISSUES = "https://github.com/aws-cloudformation/cfn-lint"
BUCKET: dict[str, Any] = {"Type": "AWS::S3::Bucket"}
UNRESOLVED = "Template format error: Unresolved resource dependencies [{}] in the {} block of the template"


def bucket(**properties: Any) -> dict[str, Any]:
    return {**BUCKET, "Properties": properties}


def template(resource: dict[str, Any] = BUCKET, **sections: Any) -> dict[str, Any]:
    return {"Resources": {"B": resource}, **sections}


REFUSED: dict[str, tuple[dict[str, Any], str, str]] = {
    "no resources": (
        {"Parameters": {}},
        "Template format error: At least one Resources member must be defined.",
        GUIDE,
    ),
    "a section": (template(Resource={}), "Invalid template property or properties [Resource]", GUIDE),
    "an attribute of a resource": (
        template({**BUCKET, "Propertys": {}}),
        "Invalid template resource property 'Propertys'",
        "https://github.com/cloudtools/troposphere/pull/140",
    ),
    "no type": (
        template({"Properties": {}}),
        "Template format error: [/Resources/B] Every Resources object must contain a Type member.",
        GUIDE,
    ),
    "a type that is a function": (
        template({"Type": {"Ref": "AWS::StackName"}}),
        "Template format error: [/Resources/B] Every Type member must be a string.",
        f"{ISSUES}/issues/1630",
    ),
    "an unknown type": (
        template({"Type": "AWS::S3::Bukket"}),
        "Template format error: Unrecognized resource types: [AWS::S3::Bukket]",
        GUIDE,
    ),
    "a logical id": (
        {"Resources": {"B_1": BUCKET}},
        "Template format error: Resource name B_1 is non alphanumeric.",
        f"{ISSUES}/pull/160",
    ),
    "null": (
        template(bucket(BucketName=None)),
        "[/Resources/B/Type/BucketName] 'null' values are not allowed in templates",
        f"{ISSUES}/issues/38",
    ),
    "a Ref to nothing": (
        template(bucket(BucketName={"Ref": "Nameless"})),
        UNRESOLVED.format("Nameless", "Resources"),
        GUIDE,
    ),
    "a variable of Sub": (
        template(bucket(BucketName={"Fn::Sub": "${AWS::Region}-${Nameless}-${!Literal}"})),
        UNRESOLVED.format("Nameless", "Resources"),
        GUIDE,
    ),
    "DependsOn": (template({**BUCKET, "DependsOn": ["Nameless"]}), UNRESOLVED.format("Nameless", "Resources"), GUIDE),
    "an output's Ref": (
        template(Outputs={"O": {"Value": {"Ref": "Nameless"}}}),
        UNRESOLVED.format("Nameless", "Outputs"),
        GUIDE,
    ),
    "GetAtt of nothing": (
        template(bucket(BucketName={"Fn::GetAtt": ["Nameless", "Arn"]})),
        "Template error: instance of Fn::GetAtt references undefined resource Nameless",
        GUIDE,
    ),
    "a resource in a condition": (
        template(Conditions={"C": {"Fn::Equals": [{"Ref": "B"}, "x"]}}),
        "Template format error: Unresolved dependencies [B]. Cannot reference resources in the Conditions block of the "
        "template",
        f"{ISSUES}/issues/99",
    ),
    "a circle": (
        {"Resources": {"A": {**BUCKET, "DependsOn": "B"}, "B": bucket(BucketName={"Ref": "A"}), "C": BUCKET}},
        "Circular dependency between resources: [A, B]",
        "https://github.com/aws/serverless-application-model/issues/258",
    ),
    "an unknown function": (
        template(bucket(BucketName={"Fn::Concat": ["a"]})),
        "Template error: Encountered unsupported function: Fn::Concat Supported functions are: [Fn::Base64,",
        "https://github.com/aws/aws-cli/pull/2746",
    ),
    "a parameter's type": (
        template(Parameters={"P": {"Type": "Text"}}),
        "Template format error: Unrecognized parameter type: Text",
        GUIDE,
    ),
    "a parameter's property": (
        template(Parameters={"P": {"Type": "String", "Allowed": ["a"]}}),
        "Invalid template parameter property 'Allowed'",
        GUIDE,
    ),
    "allowed values": (
        template(Parameters={"P": {"Type": "String", "AllowedValues": "a b"}}),
        "Template format error: Every AllowedValues member must be a list.",
        f"{ISSUES}/issues/1295",
    ),
    "an output without a value": (
        template(Outputs={"O": {"Description": "x"}}),
        "Template format error: Every Outputs member must contain a Value object",
        "https://github.com/aws-samples/aws-iot-chat-example/issues/1",
    ),
    # From here on AWS's sentence is not published: the place and cfn-lint's reason.
    "an unknown condition": (
        template({**BUCKET, "Condition": "Nameless"}),
        "unresolved condition dependency Nameless",
        f"{ISSUES}/blob/main/docs/rules.md#E3015",
    ),
    "an unknown condition of If": (
        template(bucket(BucketName={"Fn::If": ["Nameless", "a", "b"]})),
        "unresolved condition dependency Nameless in Fn::If",
        f"{ISSUES}/blob/main/docs/rules.md#E1028",
    ),
    "a deletion policy": (
        template({**BUCKET, "DeletionPolicy": "Keep"}),
        "[/Resources/B/DeletionPolicy] 'Keep' is not one of",
        f"{ISSUES}/blob/main/docs/rules.md#E3035",
    ),
    "the arguments of Join": (
        template(bucket(BucketName={"Fn::Join": ["-"]})),
        "[/Resources/B/Properties/BucketName/Fn::Join]",
        f"{ISSUES}/blob/main/docs/rules.md#E1022",
    ),
    "a default": (
        template(Parameters={"P": {"Type": "String", "Default": "c", "AllowedValues": ["a", "b"]}}),
        "[/Parameters/P/Default] Default should be a value within AllowedValues",
        f"{ISSUES}/blob/main/docs/rules.md#E2015",
    ),
}

ROLE = "arn:aws:iam::111122223333:role/R"
FAILED: dict[str, tuple[dict[str, Any], str, str]] = {
    "an unknown property": (bucket(Name="x"), "/Resources/B/Properties", "Unsupported property [Name]"),
    "an unknown property within": (
        bucket(VersioningConfiguration={"Status": "Enabled", "Mfa": True}),
        "/Resources/B/Properties/VersioningConfiguration",
        "Unsupported property [Mfa]",
    ),
    "a missing property": (
        {"Type": "AWS::Lambda::Function", "Properties": {"Role": ROLE}},
        "/Resources/B/Properties",
        "Required property [Code] not found",
    ),
    "a list for a string": (
        bucket(BucketName=["a"]),
        "/Resources/B/Properties/BucketName",
        "Property [BucketName] expected type: String, found: JSONArray",
    ),
    "a value of no enumeration": (
        bucket(VersioningConfiguration={"Status": "On"}),
        "/Resources/B/Properties/VersioningConfiguration/Status",
        "On is not a valid enum value. Supported values: [Enabled, Suspended]",
    ),
    "an attribute that is none": (
        bucket(Tags=[{"Key": "k", "Value": {"Fn::GetAtt": ["Other", "Size"]}}]),
        "/Resources/B/Properties/Tags/0/Value/Fn::GetAtt/1",
        "Requested attribute Size does not exist in schema for AWS::S3::Bucket",
    ),
    "a policy": (
        {
            "Type": "AWS::IAM::ManagedPolicy",
            "Properties": {
                "PolicyDocument": {"Version": "2012-10-17", "Statement": [{"Effect": "Alow", "Action": "*"}]}
            },
        },
        "/Resources/B/Properties/PolicyDocument/Statement/0/Effect",
        "Effect: 'Alow' is not one of ['Allow', 'Deny']",
    ),
}


def refusal(call: Any, **request: Any) -> str:
    with pytest.raises(ClientError) as refused:
        call(**request)
    assert refused.value.response["Error"]["Code"] == "ValidationError"
    return str(refused.value.response["Error"]["Message"])


@pytest.mark.parametrize("case", REFUSED)
def test_a_template_that_is_invalid_is_refused_at_once(local_aws: LocalServer, case: str) -> None:
    client = local_aws.client("cloudformation")
    body, sentence, _source = REFUSED[case]
    name = "refused"
    for call, request in (
        (client.validate_template, {}),
        (client.create_stack, {"StackName": name}),
        (client.create_change_set, {"StackName": name, "ChangeSetName": "c", "ChangeSetType": "CREATE"}),
    ):
        assert sentence in refusal(call, TemplateBody=json.dumps(body), **request)
    with pytest.raises(ClientError, match="does not exist"):
        client.describe_stacks(StackName=name)


def test_a_refusal_tells_of_all_that_is_wrong(local_aws: LocalServer) -> None:
    client = local_aws.client("cloudformation")
    malformed = {"Resource": {}, "Resources": {"B_1": BUCKET, "B_2": {"Properties": {}}}}
    assert refusal(client.validate_template, TemplateBody=json.dumps(malformed)).split("\n") == [
        "Invalid template property or properties [Resource]",
        "Template format error: Resource name B_1 is non alphanumeric.",
        "Template format error: Resource name B_2 is non alphanumeric.",
        "Template format error: [/Resources/B_2] Every Resources object must contain a Type member.",
    ]
    dangling = template(bucket(BucketName={"Ref": "X"}), Outputs={"O": {"Value": {"Ref": "Y"}}})
    assert refusal(client.validate_template, TemplateBody=json.dumps(dangling)).split("\n") == [
        UNRESOLVED.format("X", "Resources"),
        UNRESOLVED.format("Y", "Outputs"),
    ]
    unknown = {"Resources": {"A": {"Type": "AWS::S3::Bukket"}, "B": {"Type": "AWS::SQS::Kue"}}}
    sentence = "Template format error: Unrecognized resource types: [AWS::S3::Bukket, AWS::SQS::Kue]"
    assert refusal(client.validate_template, TemplateBody=json.dumps(unknown)) == sentence


def test_a_stack_that_fails_its_validation_tells_of_all_properties(local_aws: LocalServer) -> None:
    client = local_aws.client("cloudformation")
    resources = {"A": bucket(Colour="red", Shape="round"), "B": bucket(BucketName=[])}
    client.create_stack(StackName="findings", TemplateBody=json.dumps({"Resources": resources}))
    settled(client, "findings")
    events = client.describe_events(StackName="findings")["OperationEvents"]
    told = {event["ValidationStatusReason"] for event in events if event.get("ValidationStatusReason")}
    assert told >= {"Unsupported property [Colour]", "Unsupported property [Shape]"}
    assert any("BucketName" in one for one in told)
    client.delete_stack(StackName="findings")


@pytest.mark.parametrize(
    ("body", "sentence"),
    [
        ("Resources:\n  B: ]\n", "Template format error: YAML not well-formed. (line 2, column 6)"),
        ('{"Resources": }', "Template format error: JSON not well-formed. (line 1, column 15)"),
        ("nothing", "Template format error: unsupported structure."),
    ],
)
def test_an_invalid_template_is_refused_with_its_place(local_aws: LocalServer, body: str, sentence: str) -> None:
    assert refusal(local_aws.client("cloudformation").validate_template, TemplateBody=body) == sentence


def settled(client: Any, name: str) -> dict[str, Any]:
    def found() -> dict[str, Any] | None:
        stack: dict[str, Any] = client.describe_stacks(StackName=name)["Stacks"][0]
        return None if stack["StackStatus"].endswith("IN_PROGRESS") else stack

    stack: dict[str, Any] = wait_for(found, f"the stack {name}")
    return stack


def failures(client: Any, **what: str) -> set[tuple[str, str, str]]:
    events = client.describe_events(**what)["OperationEvents"]
    return {
        (event["LogicalResourceId"], event["ValidationPath"], event["ValidationStatusReason"])
        for event in events
        if event["EventType"] == "VALIDATION_ERROR"
    }


@pytest.mark.parametrize("case", FAILED)
def test_a_stack_whose_properties_are_wrong_fails_before_it_makes_anything(local_aws: LocalServer, case: str) -> None:
    client = local_aws.client("cloudformation")
    resource, path, reason = FAILED[case]
    body = json.dumps({"Resources": {"B": resource, "Other": BUCKET}})
    name = "wrong-" + case.replace(" ", "-")
    client.validate_template(TemplateBody=body)  # which does not look at properties
    client.create_stack(StackName=name, TemplateBody=body, Capabilities=["CAPABILITY_IAM"])
    assert settled(client, name)["StackStatus"] == "ROLLBACK_COMPLETE"
    assert (path, reason) in {(where, why) for _, where, why in failures(client, StackName=name)}
    made = [event["LogicalResourceId"] for event in client.describe_stack_events(StackName=name)["StackEvents"]]
    assert set(made) == {name}

    made = client.create_change_set(
        StackName=f"{name}-set",
        ChangeSetName="c",
        ChangeSetType="CREATE",
        TemplateBody=body,
        Capabilities=["CAPABILITY_IAM"],
    )
    found = client.describe_change_set(ChangeSetName=made["Id"])
    assert (found["Status"], found["ExecutionStatus"]) == ("FAILED", "UNAVAILABLE")
    assert "[AWS::EarlyValidation::PropertyValidation]" in found["StatusReason"]
    assert reason in {why for _, _, why in failures(client, ChangeSetName=made["Id"])}
    with pytest.raises(ClientError, match="InvalidChangeSetStatus"):
        client.execute_change_set(ChangeSetName=made["Id"])


def test_an_update_with_wrong_properties_goes_back(local_aws: LocalServer) -> None:
    client, name = local_aws.client("cloudformation"), "wrong-update"
    client.create_stack(StackName=name, TemplateBody=json.dumps(template()))
    assert settled(client, name)["StackStatus"] == "CREATE_COMPLETE"
    client.update_stack(StackName=name, TemplateBody=json.dumps(template(bucket(Versioned=True))))
    assert settled(client, name)["StackStatus"] == "UPDATE_ROLLBACK_COMPLETE"
    assert failures(client, StackName=name) == {("B", "/Resources/B/Properties", "Unsupported property [Versioned]")}
    assert UNRESOLVED.format("N", "Resources") == refusal(
        client.update_stack, StackName=name, TemplateBody=json.dumps(template(bucket(BucketName={"Ref": "N"})))
    )


def test_only_what_is_in_the_stack_is_judged(local_aws: LocalServer) -> None:
    """As for CloudFormation, a resource or a branch that the conditions leave out may be wrong."""
    client = local_aws.client("cloudformation")
    body = json.dumps(
        {
            "Parameters": {"Wrong": {"Type": "String"}},
            "Conditions": {"W": {"Fn::Equals": [{"Ref": "Wrong"}, "yes"]}},
            "Resources": {
                "B": bucket(VersioningConfiguration={"Status": {"Fn::If": ["W", "On", "Enabled"]}}),
                "Left": {**bucket(Name="x"), "Condition": "W"},
            },
        }
    )
    for answer, status in (("no", "CREATE_COMPLETE"), ("yes", "ROLLBACK_COMPLETE")):
        given = [{"ParameterKey": "Wrong", "ParameterValue": answer}]
        client.create_stack(StackName=f"wrong-{answer}", TemplateBody=body, Parameters=given)
        assert settled(client, f"wrong-{answer}")["StackStatus"] == status
    assert {name for name, _, _ in failures(client, StackName="wrong-yes")} == {"B", "Left"}


def test_a_reference_to_what_the_conditions_leave_out_is_refused(local_aws: LocalServer) -> None:
    """https://github.com/aws-solutions/media-insights-on-aws/issues/145."""
    client = local_aws.client("cloudformation")
    never = {"Fn::Equals": ["a", "b"]}
    body = {
        "Conditions": {"Never": never},
        "Resources": {"Left": {**BUCKET, "Condition": "Never"}, "B": bucket(BucketName={"Ref": "Left"})},
    }
    request = {"StackName": "left-out", "TemplateBody": json.dumps(body)}
    assert refusal(client.create_stack, **request) == UNRESOLVED.format("Left", "Resources")


def test_no_metadata_switches_a_check_off(local_aws: LocalServer) -> None:
    client, off = local_aws.client("cloudformation"), {"cfn-lint": {"config": {"ignore_checks": ["E3002"]}}}
    body = template({**bucket(Name="x"), "Metadata": off}, Metadata=off)
    client.create_stack(StackName="switched-off", TemplateBody=json.dumps(body))
    assert settled(client, "switched-off")["StackStatus"] == "ROLLBACK_COMPLETE"


def test_the_own_templates_pass(local_aws: LocalServer) -> None:
    client, s3 = local_aws.client("cloudformation"), local_aws.client("s3")
    s3.create_bucket(Bucket="own-templates")
    for path in sorted((ROOT / "cloudformation").glob("*.yml")):
        s3.put_object(Bucket="own-templates", Key=path.name, Body=path.read_bytes())
        assert client.validate_template(TemplateURL=f"{local_aws.url}/own-templates/{path.name}")["Parameters"]


READER = """
import os, sys
from pathlib import Path
import yaml
from tests import left_out
left_out.heed()
from local_aws import base
from local_aws.base.tables import ministack
from local_aws.serving.server import LocalAws
from local_aws.settings import Settings
settings = Settings(Path(sys.argv[1]))
os.environ.update(settings.server_environment())
settings.make_folders()
services, engine = LocalAws(settings), ministack("services.cloudformation.engine")
texts = [path.read_text(encoding="utf-8") for path in Path("cloudformation").glob("*.yml")]
before = [engine._parse_template(text) for text in texts]
base.apply_patches(services.parts, late=True)
assert len(before) > 1 and [engine._parse_template(text) for text in texts] == before
print("libyaml" if issubclass(engine.CfnLoader, yaml.CSafeLoader) else "PyYAML")
"""


@pytest.mark.skipif(not yaml.__with_libyaml__, reason="PyYAML has no libyaml here")
def test_libyaml_reads_the_own_templates_as_ministack_does(tmp_path: Path) -> None:
    command = [sys.executable, "-c", READER, str(tmp_path)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.stdout == "libyaml\n", done.stderr


def test_each_template_is_looked_at_once(local_aws: LocalServer) -> None:
    client, body = local_aws.client("cloudformation"), json.dumps(template(bucket(BucketName="looked-at-once")))
    kept = local_aws.state / "templates"
    before = set(kept.glob("*"))
    client.validate_template(TemplateBody=body)
    (made,) = set(kept.glob("*")) - before
    assert json.loads(made.read_text(encoding="utf-8")) == []
    made.write_text(json.dumps([]), encoding="utf-8")
    written = made.stat().st_mtime_ns
    client.get_template_summary(TemplateBody=body)
    assert (set(kept.glob("*")) - before, made.stat().st_mtime_ns) == ({made}, written)


def test_the_rules_that_are_left_out_are_rules() -> None:
    rules = Runner(ConfigMixIn([])).rules
    assert set(LEFT_OUT) <= set(rules)
    assert all(Finding(rule, "", ()).refuses_call for rule in ("E1001", "E2001", "E3001", "E6001", "E7001", "E8001"))
    assert not any(Finding(rule, "", ()).refuses_call for rule in ("E1161", "E2529", "E3002", "E3012", "E3510"))
