"""The templates' policies as IAM gets them, for each of AWS's partitions.

Where a template decides by a condition, all branches count: what may be granted under some parameters is looked at.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

from tests.cloudformation import templates
from tests.cloudformation.templates import Template, as_list

ACCOUNT = "111122223333"
STACK = "1a2b3c4d-5e6f-11f0-9a8b-0a1b2c3d4e5f"
PARTITIONS = {
    "aws": ("eu-central-1", "amazonaws.com"),
    "aws-cn": ("cn-north-1", "amazonaws.com.cn"),
    "aws-us-gov": ("us-gov-west-1", "amazonaws.com"),
}
"""A Region and the URL suffix of each: https://docs.aws.amazon.com/whitepapers/latest/aws-fault-isolation-boundaries/partitions.html"""

_NO_VALUE = {"Ref": "AWS::NoValue"}
# What Fn::GetAtt Arn, or Ref where that is an ARN, gives per resource type: the property that names the resource,
# and the ARN around the name.
_ARNS = {
    "AWS::CloudWatch::Alarm": ("AlarmName", "cloudwatch:{region}:{account}:alarm:{name}"),
    "AWS::CodeBuild::Project": ("Name", "codebuild:{region}:{account}:project/{name}"),
    "AWS::CodeCommit::Repository": ("RepositoryName", "codecommit:{region}:{account}:{name}"),
    "AWS::DynamoDB::Table": ("TableName", "dynamodb:{region}:{account}:table/{name}"),
    "AWS::ECR::Repository": ("RepositoryName", "ecr:{region}:{account}:repository/{name}"),
    "AWS::Events::Rule": ("Name", "events:{region}:{account}:rule/{name}"),
    "AWS::IAM::Role": ("RoleName", "iam::{account}:role/{name}"),
    "AWS::KMS::Key": ("", "kms:{region}:{account}:key/0a1b2c3d-4e5f-4a1b-8c3d-0a1b2c3d4e5f"),
    "AWS::Lambda::Function": ("FunctionName", "lambda:{region}:{account}:function:{name}"),
    "AWS::Logs::LogGroup": ("LogGroupName", "logs:{region}:{account}:log-group:{name}:*"),
    "AWS::S3::Bucket": ("BucketName", "s3:::{name}"),
    "AWS::SNS::Topic": ("TopicName", "sns:{region}:{account}:{name}"),
    "AWS::SQS::Queue": ("QueueName", "sqs:{region}:{account}:{name}"),
    "AWS::StepFunctions::StateMachine": ("StateMachineName", "states:{region}:{account}:stateMachine:{name}"),
}

_KNOWN_BY_ARN = {"AWS::SNS::Topic", "AWS::StepFunctions::StateMachine"}
"""Types whose Ref is the ARN."""


@dataclass(frozen=True)
class Partition:
    """A partition with a Region of it."""

    name: str

    @property
    def region(self) -> str:
        return PARTITIONS[self.name][0]

    def context(self, template: Template) -> dict[str, str]:
        """Values of the pseudo parameters and of a template's parameters: their defaults, else samples."""
        defaults = {key: str(parameter.get("Default", "")) for key, parameter in template["Parameters"].items()}
        connection = f"arn:{self.name}:codeconnections:{self.region}:{ACCOUNT}:connection/0a1b2c3d-4e5f"
        machine = f"arn:{self.name}:states:{self.region}:{ACCOUNT}:stateMachine:slipway-sample-text-dataset"
        repository = f"arn:{self.name}:ecr:{self.region}:{ACCOUNT}:repository/team/churn"
        samples = {"SuffixID": "sample", "ConnectionArn": connection, "PrepareMachineArn": machine}
        samples |= {"ContainerRepositoryArn": repository}
        return {
            **defaults,
            **{key: value for key, value in samples.items() if key in defaults},
            "AWS::Partition": self.name,
            "AWS::Region": self.region,
            "AWS::AccountId": ACCOUNT,
            "AWS::URLSuffix": PARTITIONS[self.name][1],
            "AWS::StackName": "sample",
            "AWS::StackId": f"arn:{self.name}:cloudformation:{self.region}:{ACCOUNT}:stack/sample/{STACK}",
        }

    def render(self, template: Template, value: Any) -> Any:
        """Return `value` with all intrinsic functions replaced; raises KeyError for what is not known here."""
        rendered = templates.render(_branches(value), template, self.context(template))
        return _each_text(rendered, lambda text: re.sub(r"<([^<>]+)>", lambda at: self._known(template, at[1]), text))

    def _known(self, template: Template, name: str) -> str:
        """What only a stack knows: an export of the setup stack, an attribute, the id of a resource."""
        logical_id, _, attribute = name.partition(".")
        if logical_id not in template["Resources"]:
            setup = templates.load("setup")
            for output in setup["Outputs"].values():
                if "Export" in output and self.render(setup, output["Export"]["Name"]) == name:
                    return str(self.render(setup, output["Value"]))
            raise KeyError(f"{name} is neither a resource nor an export of the setup stack")
        resource = template["Resources"][logical_id]
        naming, arn = _ARNS.get(resource["Type"], ("Name", ""))
        given = resource["Properties"].get(naming)
        named = str(self.render(template, given)) if given is not None else logical_id
        if attribute == "Arn" or (not attribute and resource["Type"] in _KNOWN_BY_ARN):
            if not arn:
                raise KeyError(f"{name}: the ARN of {resource['Type']} is not known to the tests")
            return f"arn:{self.name}:" + arn.format(region=self.region, account=ACCOUNT, name=named)
        return named


@dataclass(frozen=True)
class Policy:
    """An identity policy of a role."""

    role: str
    name: str
    document: dict[str, Any]


def identity_policies(template: Template, partition: Partition) -> list[Policy]:
    """Every policy of every role of a template: its inline ones, and those that roles share."""
    found = [
        (role, policy)
        for role, resource in templates.of_type(template, "AWS::IAM::Role").items()
        for policy in _branches(resource["Properties"].get("Policies", []))
    ]
    found += [
        (role["Ref"], resource["Properties"])
        for resource in templates.of_type(template, "AWS::IAM::Policy").values()
        for role in _branches(resource["Properties"]["Roles"])
    ]
    return [
        Policy(role, str(policy["PolicyName"]), partition.render(template, policy["PolicyDocument"]))
        for role, policy in found
    ]


def resource_policies(template: Template, partition: Partition) -> dict[str, dict[str, Any]]:
    """Every policy of a resource, trust policies included, by the resource's logical id."""
    found = {}
    for logical_id, resource in template["Resources"].items():
        if resource["Type"] in {"AWS::IAM::Policy", "AWS::IAM::ManagedPolicy"}:
            continue
        for name in ("AssumeRolePolicyDocument", "KeyPolicy", "PolicyDocument"):
            if name in resource.get("Properties", {}):
                found[logical_id] = partition.render(template, resource["Properties"][name])
    return found


@cache
def all_identity_policies(partition: str) -> tuple[Policy, ...]:
    return tuple(
        policy for name in templates.NAMES for policy in identity_policies(templates.load(name), Partition(partition))
    )


def _branches(value: Any) -> Any:
    """`value` with Fn::If replaced: in a list, and for actions and resources, by all branches, else by the first."""
    if isinstance(value, list):
        return [item for element in value for item in _spread(element)]
    if not isinstance(value, dict):
        return value
    if set(value) == {"Fn::If"}:
        return next(_spread(value), "")
    found = {}
    for key, item in value.items():
        several = key in {"Action", "Resource"} and isinstance(item, dict) and set(item) == {"Fn::If"}
        found[key] = list(_spread(item)) if several else _branches(item)
    return found


def _spread(value: Any) -> Iterator[Any]:
    if isinstance(value, dict) and set(value) == {"Fn::If"}:
        for branch in value["Fn::If"][1:]:
            for item in as_list(branch):
                yield from _spread(item)
    elif value != _NO_VALUE:
        yield _branches(value)


def _each_text(value: Any, change: Any) -> Any:
    if isinstance(value, list):
        return [_each_text(item, change) for item in value]
    if isinstance(value, Mapping):
        return {key: _each_text(item, change) for key, item in value.items()}
    return change(value) if isinstance(value, str) else value


if __name__ == "__main__":
    print(  # noqa: T201 - read by run_parliament.py
        json.dumps(
            [
                {"name": f"{partition} {policy.role} {policy.name}", "document": policy.document}
                for partition in PARTITIONS
                for policy in all_identity_policies(partition)
            ]
        )
    )
