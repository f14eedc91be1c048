"""Grants that a release, or a sample of the workflows, on local AWS cannot use, each with its reason.

`slipway permissions` reports every other unused grant. A test refuses an entry that matches no grant of the templates.
docs/security.md shows the list.
"""

from __future__ import annotations

from slipway.stacks.grants import Grant
from slipway.stacks.unexercised_grant import Unexercised
from slipway.stacks.unexercised_workflows import OF_WORKFLOWS

UNEXERCISED = (
    Unexercised("*", "*", "kms:*", "local AWS names keys and encrypts nothing, so no use of a key is asked for"),
    Unexercised("*", "*", "ecr:*", "local AWS runs AWS's images as processes and pulls only a team's own"),
    Unexercised(
        "RegisterModelFunctionRole",
        "show-model",
        "ecr:BatchGetImage",
        "only a model of this algorithm",
        "*:repository/*",
    ),
    Unexercised("*FunctionRole", "run", "logs:*", "Lambda writes a function's log; here without asking IAM"),
    Unexercised("*", "report-result", "*:PutJobFailureResult", "only a release that fails reports a failure"),
    Unexercised(
        "*", "settle-job", "lambda:InvokeFunction", "only an invocation that failed after all retries has a record"
    ),
    Unexercised("SettleJobFunctionRole", "*", "*", "only for a function that was killed or timed out"),
    Unexercised("*", "write-logs", "logs:DescribeLogStreams", "SageMaker looks for its log stream; local AWS knows it"),
    Unexercised("*HostingRole", "write-logs", "logs:CreateLogGroup", "the stack makes the groups; SageMaker may ask"),
    Unexercised("PipelineRole", "list-functions", "*", "AWS's CDK grants it; CodePipeline may ask"),
    Unexercised("*HostingRole", "write-metrics", "*", "local AWS counts the invocations of endpoints itself"),
    Unexercised("TrainingRole", "*", "s3:AbortMultipartUpload", "only after the broken upload of a large model"),
    Unexercised(
        "*FunctionRole",
        "keep-reports",
        "s3:AbortMultipartUpload",
        "only the broken upload of many predictions needs it",
    ),
    Unexercised(
        "Deploy*FunctionRole",
        "*",
        "sagemaker:DeleteEndpoint",
        "only an endpoint that failed to be created is deleted: it cannot be updated",
    ),
    Unexercised("*", "pinned-data", "*", "only for a config that pins its dataset"),
    Unexercised("BuildProjectRole", "store-wheels", "*", "only for a program with a lock of packages"),
    Unexercised("Train*Role", "*-source", "*", "only for a config with features or script"),
    Unexercised("*", "tuned", "*", "only for a config with tuning"),
    Unexercised("TrainingRole", "read-checkpoints", "*", "only for a config with spot"),
    Unexercised("MetricsRole", "*", "*", "only for a config with metrics of its own"),
    Unexercised("*", "compute-metrics", "*", "only for a config with metrics of its own"),
    Unexercised("StartReleaseFunctionRole", "read-changes", "*", "only a push of code asks for it", "*-lambdas"),
    Unexercised("*", "read-*data", "*", "only for a config that pins its dataset", resource="*/manifest.json"),
    Unexercised("*", "read-*data", "s3:ListBucket", "with it S3 says that an object is missing; nothing is listed"),
    Unexercised("*", "*-artifact", "s3:ListBucket", "with it S3 says that an object is missing; nothing is listed"),
    Unexercised(
        "DeployModelFunctionRole",
        "create-model",
        "*",
        "only where Dev or Test is on instances; the sample is serverless there",
        resource="*:model/*-????????-????",
    ),
    Unexercised(
        "Deploy*FunctionRole",
        "create-model",
        "*",
        "only a retried training has a numbered model",
        resource="*:model/*-????????-????-?-*",
    ),
    Unexercised("*", "keep-state", "s3:*", "only a test that takes several invocations saves its progress"),
    Unexercised(
        "*",
        "keep-evidence",
        "*",
        "only evidence from before the evidence bucket is there",
        resource="*-artifacts-*/re*/*",
    ),
    Unexercised(
        "RecordReleaseFunctionRole",
        "keep-event",
        "events:PutEvents",
        "only an event whose tries all failed arrives again",
    ),
    Unexercised("*ProjectRole", "read-code", "s3:GetBucket*", "CodeBuild looks at the bucket; local AWS does not"),
    Unexercised("*ProjectRole", "read-code", "s3:GetObjectVersion", "CodeBuild asks; local AWS does not"),
    Unexercised(
        "CheckProjectRole",
        "read-checks",
        "s3:ListBucket",
        "with it S3 says that the note is missing; nothing is listed",
    ),
    Unexercised("Dispatch*Role", "fail-job", "*", "only a missing version fails its action"),
    Unexercised("Publish*Role", "publish", "lambda:DeleteFunction", "only versions that are months old are deleted"),
    Unexercised(
        "PublishFunctionRole", "keep-packages", "*", "only after a check that had to run", resource="*/checks/*"
    ),
    Unexercised(
        "DeployChampionFunctionRole",
        "deploy-champion",
        "sagemaker:UpdateEndpoint",
        "only if an earlier release has left its endpoint",
    ),
    Unexercised(
        "CleanUpFunctionRole",
        "delete-old-models",
        "*",
        "only a release that had a champion has a config to delete",
        resource="*-champ-*",
    ),
    Unexercised(
        "EndReleaseFunctionRole",
        "remove-champion",
        "*",
        "only a release that ends without success has the champion's endpoint to remove",
    ),
    Unexercised("EndReleaseFunctionRole", "stop-*", "*", "only a release that ends without success has a job to stop"),
    Unexercised(
        "CleanUpFunctionRole", "delete-old-models", "sagemaker:Delete*", "only if there are more than the config keeps"
    ),
    Unexercised(
        "SmokeTestProdFunctionRole",
        "read-test-data",
        "*",
        "a config may take its smoke test from either channel; the sample takes it from validation",
        resource="*/test/*",
    ),
    Unexercised(
        "PipelineRole",
        "fetch-sources",
        "*",
        "a connection has one of two names, codeconnections and codestar-connections, and AWS asks for either",
        resource="arn:*connections:*",
    ),
    Unexercised("PipelineRole", "*", "*:CancelUploadArchive", "only a release that is stopped in Source cancels"),
    Unexercised("PipelineRole", "fetch-sources", "s3:GetObject*Tagging", "CodePipeline asks; local AWS does not"),
    Unexercised("PipelineRole", "fetch-sources", "s3:ListBucket", "CodePipeline asks; local AWS does not"),
    Unexercised("PipelineRole", "*", "s3:GetBucket*", "CodePipeline looks at all its buckets; local AWS at the source"),
    Unexercised("PipelineRole", "keep-artifacts", "s3:GetObjectVersion", "CodePipeline asks; local AWS does not"),
    *OF_WORKFLOWS,
)


def reason_of(grant: Grant) -> str | None:
    """Return why local AWS cannot use the grant; None without a reason."""
    return next((entry.reason for entry in UNEXERCISED if entry.covers(grant)), None)


def is_expected(role: str, policy: str, resource: str) -> bool:
    """Tell whether an entry explains why local releases do not touch this resource of a policy."""
    return any(entry.covers_resource(role, policy, resource) for entry in UNEXERCISED)
