"""Installs the workflows: their code in the package bucket, then their stack."""

from __future__ import annotations

from collections.abc import Mapping

from botocore.exceptions import ClientError

from slipway.installation.aws_errors import code_of
from slipway.session import Session
from slipway.stacks.changes import Consent
from slipway.stacks.quota_table import warn_of_workflow_quotas
from slipway.stacks.stacks import Deployed, deploy_stack, find_stack
from slipway.stacks.templates import stored
from slipway.workflows.code import build_code, upload_code

TEMPLATE = "workflows.yml"
_TABLE_ID = "LifecycleModelTable"
_GONE = frozenset(("DELETE_COMPLETE", "DELETE_SKIPPED"))


def upload_workflows(session: Session, *, dry_run: bool = False) -> str:
    """Build the code of this checkout and upload what the package bucket lacks of it; returns its version."""
    with session.output.step("functions of the workflows") as step:
        step.outcome = "failed"
        code = build_code(session.project.root)
        uploaded = 0 if dry_run else upload_code(session, code)
        step.outcome = f"version {code.version}, {uploaded} uploaded"
    return code.version


def deploy_workflows(
    session: Session, extra: Mapping[str, str] | None = None, consent: Consent | None = None
) -> Deployed:
    """Create or update the stack of the workflows, with the code of this checkout; the setup stack has to be there."""
    if find_stack(session, session.names.workflow_stack) is None:
        warn_of_workflow_quotas(session)
    version = upload_workflows(session, dry_run=bool(consent and consent.dry_run))
    template = stored(session, session.project.template(TEMPLATE))
    parameters = {
        "SuffixID": session.names.suffix,
        "CodeVersion": version,
        "CreateModelTable": "false" if _outlived_a_stack(session) else "true",
        **(extra or {}),
    }
    return deploy_stack(session, session.names.workflow_stack, template, parameters, consent)


def _outlived_a_stack(session: Session) -> bool:
    """Tell whether the register of models is there and not the stack's: as it has a name of its own, it cannot be made.

    https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-attribute-deletionpolicy.html
    """
    names, cloudformation = session.names, session.client("cloudformation")
    try:
        session.client("dynamodb").describe_table(TableName=names.model_table)
    except ClientError as error:
        if code_of(error) != "ResourceNotFoundException":
            raise
        return False
    try:
        found = cloudformation.describe_stack_resource(StackName=names.workflow_stack, LogicalResourceId=_TABLE_ID)
    except ClientError as error:
        # Neither a stack nor a resource that is missing has a code of its own:
        # https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/API_DescribeStackResource.html
        if code_of(error) != "ValidationError":
            raise
        return True
    return str(found["StackResourceDetail"]["ResourceStatus"]) in _GONE
