"""CloudFormation: what change sets tell of a template: its resources, and which changed property replaces one."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from local_aws.base.tables import ministack

CREATE_ONLY: Mapping[str, frozenset[str]] = MappingProxyType(
    {
        "AWS::CloudWatch::Alarm": frozenset({"AlarmName"}),
        "AWS::CloudWatch::Dashboard": frozenset({"DashboardName"}),
        "AWS::CodeBuild::Project": frozenset({"Name"}),
        "AWS::CodeCommit::Repository": frozenset(),
        "AWS::CodePipeline::Pipeline": frozenset({"Name"}),
        "AWS::ECR::Repository": frozenset(
            {
                "EncryptionConfiguration",
                "EncryptionConfiguration/EncryptionType",
                "EncryptionConfiguration/KmsKey",
                "RepositoryName",
            }
        ),
        "AWS::Events::Rule": frozenset({"Name"}),
        "AWS::IAM::Policy": frozenset(),
        "AWS::KMS::Alias": frozenset({"AliasName"}),
        "AWS::KMS::Key": frozenset(),
        "AWS::Lambda::EventInvokeConfig": frozenset({"FunctionName", "Qualifier"}),
        "AWS::Logs::LogGroup": frozenset({"LogGroupName"}),
        "AWS::S3::Bucket": frozenset({"BucketName", "BucketNamePrefix", "BucketNamespace"}),
        "AWS::S3::BucketPolicy": frozenset({"Bucket"}),
        "AWS::SNS::TopicPolicy": frozenset(),
        "AWS::SageMaker::Endpoint": frozenset({"EndpointName"}),
        "AWS::SageMaker::ModelPackageGroup": frozenset({"ModelPackageGroupDescription", "ModelPackageGroupName"}),
        "AWS::Scheduler::Schedule": frozenset({"Name"}),
        "AWS::StepFunctions::Activity": frozenset({"EncryptionConfiguration", "Name"}),
        "AWS::StepFunctions::StateMachine": frozenset({"StateMachineName", "StateMachineType"}),
        "AWS::StepFunctions::StateMachineAlias": frozenset({"Name"}),
        "AWS::StepFunctions::StateMachineVersion": frozenset(
            {"Description", "StateMachineArn", "StateMachineRevisionId"}
        ),
    }
)
"""Type to the properties whose change needs a new resource: `createOnlyProperties` of the registry's schemas.

https://docs.aws.amazon.com/cloudformation-cli/latest/userguide/resource-type-schema.html
"""


def resolve_conditions() -> None:
    """Let change sets compare the resources whose condition holds, as the stack itself does.

    MiniStack compares all that the templates declare, so that a new stack would get resources that it never makes,
    and a changed condition would change nothing. A resource whose condition is false is none of the stack:
    https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/conditions-section-structure.html
    """
    change_sets = ministack("services.cloudformation.changesets")
    resolve = change_sets._resolve_props_for_diff  # noqa: SLF001

    def resolve_by_conditions(template: Mapping[str, Any], parameters: Any, *rest: Any) -> dict[str, Any]:
        resolved: dict[str, Any] = resolve(template, parameters, *rest)
        if template.get("Conditions"):
            holds = change_sets._evaluate_conditions(template, parameters)  # noqa: SLF001
            found = resolved["Resources"].items()
            resolved["Resources"] = {name: one for name, one in found if holds.get(one.get("Condition"), True)}
        return resolved

    change_sets._resolve_props_for_diff = resolve_by_conditions  # noqa: SLF001


def report_replacements() -> None:
    """Let change sets know more types.

    MiniStack calls every property of a type that it has no list for `Conditionally` recreating, so that each change
    of a bucket would look like its replacement. Only what a change set says is changed here, not how it is executed.
    """
    stacks = ministack("services.cloudformation.stacks")
    known = stacks._property_recreation  # noqa: SLF001

    def property_recreation(resource_type: str, name: str) -> str:
        create_only = CREATE_ONLY.get(resource_type)
        if create_only is None:
            return str(known(resource_type, name))
        return "Always" if name in create_only else "Never"

    stacks._property_recreation = property_recreation  # noqa: SLF001
