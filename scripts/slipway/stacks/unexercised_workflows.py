"""Grants that the workflows' samples on local AWS cannot use, each with its reason."""

from __future__ import annotations

from slipway.stacks.unexercised_grant import Unexercised

OF_WORKFLOWS = (
    Unexercised("*", "*-write-*", "s3:AbortMultipartUpload", "only after the broken upload of a large object"),
    Unexercised(
        "PrepareReviewsFunctionRole",
        "prepare",
        "s3:AbortMultipartUpload",
        "only after the broken upload of a large object",
    ),
    Unexercised("*", "write-logs", "logs:CreateLogGroup", "only the account's first job of a kind makes its group"),
    Unexercised(
        "*Job*Role",
        "*-write-*",
        "*",
        "SageMaker may list the bucket of a model; local AWS reads the object",
        resource="arn:aws*:s3:::*-models-*",
    ),
    Unexercised(
        "JudgeImagesFunctionRole",
        "*",
        "s3:ListBucket",
        "with it S3 says that an object is missing; nothing is listed",
    ),
    Unexercised(
        "PrepareReviewsFunctionRole",
        "*",
        "s3:ListBucket",
        "with it S3 says that an object is missing; nothing is listed",
    ),
    Unexercised(
        "MakeDatasetFunctionRole",
        "*",
        "s3:ListBucket",
        "with it S3 says that an object is missing; nothing is listed",
    ),
    Unexercised(
        "ScorePredictionsFunctionRole",
        "*",
        "s3:ListBucket",
        "with it S3 says that an object is missing; nothing is listed",
    ),
    Unexercised(
        "TextMachineRole",
        "find-dataset",
        "s3:ListBucket",
        "with it S3 says that an object is missing; nothing is listed",
    ),
    Unexercised(
        "*MachineRole", "*", "sagemaker:Stop*Job", "only an execution that is stopped or runs out of time stops its job"
    ),
    Unexercised("*MachineRole", "*", "sagemaker:Delete*", "only a failure deletes what was made before it"),
    Unexercised(
        "ImagesMachineRole", "list-side-by-side", "*", "only an input with listing: map is listed side by side"
    ),
    Unexercised(
        "ListImagesFunctionRole", "list-*", "s3:GetObject", "only an input with listing: map is listed in parts"
    ),
    Unexercised(
        "ListImagesFunctionRole",
        "list-*",
        "*",
        "only an input with listing: map is listed in parts",
        resource="*/parts/*",
    ),
    Unexercised(
        "TabularMachineRole",
        "run-jobs",
        "sagemaker:DeleteModel",
        "only an execution that fails deletes its model",
        resource="arn:aws*:sagemaker:*:model/*-tabular-*",
    ),
    Unexercised(
        "LifecycleInferenceMachineRole",
        "*",
        "states:StopExecution",
        "only an execution that is stopped stops the training that it has started",
    ),
    Unexercised(
        "PrepareReviewsFunctionRole", "report-failures", "sqs:SendMessage", "only an upload that fails for good is kept"
    ),
    Unexercised(
        "SweepFunctionRole", "sweep*", "*", "only an execution that fails, is stopped or runs out of time is swept"
    ),
)
