"""CloudFormation: which changed property replaces a resource, as change sets tell it."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from local_aws.base.tables import ministack

CREATE_ONLY: Mapping[str, frozenset[str]] = MappingProxyType(
    {
        "AWS::CloudWatch::Alarm": frozenset({"AlarmName"}),
        "AWS::CloudWatch::Dashboard": frozenset({"DashboardName"}),
        "AWS::CodeBuild::Project": frozenset({"Name"}),
        "AWS::CodeCommit::Repository": frozenset(),
        "AWS::CodePipeline::Pipeline": frozenset({"Name"}),
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
    }
)
"""Type to the properties whose change needs a new resource: `createOnlyProperties` of the registry's schemas.

https://docs.aws.amazon.com/cloudformation-cli/latest/userguide/resource-type-schema.html
"""


def tell_what_replaces() -> None:
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
