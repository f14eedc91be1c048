"""The providers of actions that local AWS runs: one table."""

from __future__ import annotations

from collections.abc import Mapping

from local_aws.codepipeline.actions.approval import ManualApproval
from local_aws.codepipeline.actions.cloudformation.deploy import CloudFormationDeploy
from local_aws.codepipeline.actions.codebuild import CodeBuild
from local_aws.codepipeline.actions.codecommit import CodeCommitSource
from local_aws.codepipeline.actions.connection import ConnectionSource
from local_aws.codepipeline.actions.contract import Provider
from local_aws.codepipeline.actions.lambda_invoke import LambdaInvoke
from local_aws.codepipeline.actions.s3_source import S3Source
from local_aws.codepipeline.actions.step_functions import StepFunctionsInvoke
from local_aws.codepipeline.definition.rules import RulesOfProviders

PROVIDERS: Mapping[tuple[str, str, str], type[Provider]] = {
    ("Source", "AWS", "CodeCommit"): CodeCommitSource,
    ("Source", "AWS", "CodeStarSourceConnection"): ConnectionSource,
    ("Source", "AWS", "S3"): S3Source,
    ("Build", "AWS", "CodeBuild"): CodeBuild,
    ("Test", "AWS", "CodeBuild"): CodeBuild,
    ("Deploy", "AWS", "CloudFormation"): CloudFormationDeploy,
    ("Invoke", "AWS", "Lambda"): LambdaInvoke,
    ("Invoke", "AWS", "StepFunctions"): StepFunctionsInvoke,
    ("Approval", "AWS", "Manual"): ManualApproval,
}
"""By category, owner and provider. A declaration that names another one is refused, never skipped."""

RULES: RulesOfProviders = {key: provider.rules for key, provider in PROVIDERS.items()}
