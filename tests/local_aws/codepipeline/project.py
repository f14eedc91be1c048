"""What an end-to-end test needs: roles, buckets, a key, a repository and a function."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from botocore.exceptions import ClientError

from tests.local_aws.codepipeline.documents import codecommit, invoke, pipeline, s3_source, stage
from tests.local_server import ACCOUNT, REGION, LocalServer, allow, wait_for

HANDLER = """
import io, json, os, zipfile
import boto3

codepipeline = boto3.client("codepipeline")


def artifact_client(data):
    keys = data["artifactCredentials"]
    return boto3.client("s3", aws_access_key_id=keys["accessKeyId"], aws_secret_access_key=keys["secretAccessKey"],
                        aws_session_token=keys["sessionToken"])


def location(artifact):
    where = artifact["location"]["s3Location"]
    return {"Bucket": where["bucketName"], "Key": where["objectKey"]}


def handler(event, context):
    job = event["CodePipeline.job"]
    data = job["data"]
    parameters = json.loads(data["actionConfiguration"]["configuration"].get("UserParameters", "{}"))
    if parameters.get("fail"):
        codepipeline.put_job_failure_result(
            jobId=job["id"], failureDetails={"type": "JobFailed", "message": parameters["fail"]})
        return
    if parameters.get("polls", 0) > int(data.get("continuationToken", 0)):
        codepipeline.put_job_success_result(
            jobId=job["id"], continuationToken=str(int(data.get("continuationToken", 0)) + 1))
        return
    s3 = artifact_client(data)
    found = {}
    for artifact in data["inputArtifacts"]:
        body = s3.get_object(**location(artifact))["Body"].read()
        if body[:2] == b"PK":
            body = b",".join(sorted(n.encode() for n in zipfile.ZipFile(io.BytesIO(body)).namelist()))
        found[artifact["name"]] = body.decode()
    for artifact in data["outputArtifacts"]:
        encryption = {"ServerSideEncryption": "aws:kms", "SSEKMSKeyId": data["encryptionKey"]["id"]}
        s3.put_object(Body=b"made by " + context.function_name.encode(), **location(artifact), **encryption)
    found |= {"Said": parameters.get("say", ""), "Polls": data.get("continuationToken", "0")}
    codepipeline.put_job_success_result(jobId=job["id"], outputVariables=found)
"""


@dataclass
class Project:
    """Roles, buckets, a key, a repository and a function, all named after one test."""

    aws: LocalServer
    name: str
    role: str = ""
    key: str = ""
    store: str = ""
    started: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.codepipeline = self.aws.client("codepipeline")
        self.codecommit = self.aws.client("codecommit")
        self.s3 = self.aws.client("s3")
        self.store, self.data = f"{self.name}-artifacts", f"{self.name}-data"
        for bucket in (self.store, self.data):
            self.s3.create_bucket(Bucket=bucket)
        self.s3.put_bucket_versioning(Bucket=self.data, VersioningConfiguration={"Status": "Enabled"})
        self.s3.put_object(Bucket=self.data, Key="manifest.json", Body=b'{"dataset": 1}')
        self.key = self.aws.client("kms").create_key()["KeyMetadata"]["Arn"]
        self.codecommit.create_repository(repositoryName=self.name)
        self.commit = self.put_file("hello.txt", b"hello")
        self.role = self.aws.create_role(f"{self.name}-pipeline", "codepipeline.amazonaws.com", *self.statements())
        result = allow("codepipeline:PutJobSuccessResult", "codepipeline:PutJobFailureResult")
        logs = allow("logs:CreateLogGroup", "logs:CreateLogStream", "logs:PutLogEvents")
        function_role = self.aws.create_role(f"{self.name}-function", "lambda.amazonaws.com", result, logs)
        self.function_arn = self.create_function(self.name, function_role)

    def statements(self, function: str = "*") -> list[dict[str, Any]]:
        """What the pipeline's role needs: permissions of the reference, per provider."""
        buckets = [f"arn:aws:s3:::{self.store}", f"arn:aws:s3:::{self.data}"]
        return [
            allow("codecommit:GetBranch", "codecommit:GetCommit", "codecommit:UploadArchive",
                  "codecommit:GetUploadArchiveStatus", "codecommit:CancelUploadArchive",
                  resource=f"arn:aws:codecommit:{REGION}:{ACCOUNT}:{self.name}"),
            allow("s3:GetObject", "s3:GetObjectVersion", "s3:PutObject", resource=[f"{b}/*" for b in buckets]),
            allow("s3:GetBucketVersioning", "s3:GetBucketLocation", resource=buckets),
            allow("kms:DescribeKey", "kms:GenerateDataKey*", "kms:Encrypt", "kms:ReEncrypt*", "kms:Decrypt",
                  resource=self.key),
            allow("lambda:InvokeFunction", resource=function),
            allow("sns:Publish"),
        ]  # fmt: skip

    def put_file(self, path: str, content: bytes) -> str:
        parent = {}
        try:
            branch = self.codecommit.get_branch(repositoryName=self.name, branchName="main")
            parent = {"parentCommitId": branch["branch"]["commitId"]}
        except ClientError:
            pass  # the first commit of the branch
        answer = self.codecommit.put_file(
            repositoryName=self.name, branchName="main", fileContent=content, filePath=path, **parent
        )
        return str(answer["commitId"])

    def create_function(self, name: str, role: str) -> str:
        package = io.BytesIO()
        with zipfile.ZipFile(package, "w") as archive:
            archive.writestr("app.py", HANDLER)
        answer = self.aws.client("lambda").create_function(
            FunctionName=name,
            Runtime="python3.13",
            Role=role,
            Handler="app.handler",
            Code={"ZipFile": package.getvalue()},
            Timeout=30,
        )
        return str(answer["FunctionArn"])

    def run(self, action: str, parameters: dict[str, Any] | None = None, **values: Any) -> dict[str, Any]:
        return invoke(action, self.name, json.dumps(parameters or {}), **values)

    def create(self, *stages: dict[str, Any], polled: bool = False, **values: Any) -> str:
        """Create the pipeline of these stages behind a Source stage; returns its first execution."""
        poll = {"PollForSourceChanges": "true"} if polled else {}
        sources = stage(
            "Source",
            codecommit(configuration={"RepositoryName": self.name, **poll}),
            s3_source(configuration={"S3Bucket": self.data, **poll}),
        )
        store = {"type": "S3", "location": self.store, "encryptionKey": {"id": self.key, "type": "KMS"}}
        document = pipeline(sources, *stages, name=self.name, roleArn=self.role, artifactStore=store, **values)
        self.codepipeline.create_pipeline(pipeline=document)
        return str(self.executions()[-1]["pipelineExecutionId"])

    def executions(self) -> Any:
        return self.codepipeline.list_pipeline_executions(pipelineName=self.name)["pipelineExecutionSummaries"]

    def start(self, **values: Any) -> str:
        return str(self.codepipeline.start_pipeline_execution(name=self.name, **values)["pipelineExecutionId"])

    def status(self, execution: str) -> str:
        answer = self.codepipeline.get_pipeline_execution(pipelineName=self.name, pipelineExecutionId=execution)
        return str(answer["pipelineExecution"]["status"])

    def until(self, execution: str, status: str) -> None:
        def reached() -> bool:
            now = self.status(execution)
            assert now in (status, "InProgress", "Stopping"), f"{now}: {self.errors(execution)}"
            return now == status

        wait_for(reached, f"{execution} to be {status}", 30)

    def attempts(self, execution: str) -> dict[str, Any]:
        answer = self.codepipeline.list_action_executions(
            pipelineName=self.name, filter={"pipelineExecutionId": execution}
        )
        return {a["actionName"]: a for a in reversed(answer["actionExecutionDetails"])}

    def errors(self, execution: str) -> dict[str, Any]:
        results = {name: a["output"]["executionResult"] for name, a in self.attempts(execution).items()}
        return {name: r["errorDetails"] for name, r in results.items() if "errorDetails" in r}

    def token(self, stage_name: str, action: str) -> str:
        def found() -> Any:
            states = self.codepipeline.get_pipeline_state(name=self.name)["stageStates"]
            there = {a["actionName"]: a for s in states if s["stageName"] == stage_name for a in s["actionStates"]}
            return there[action].get("latestExecution", {}).get("token")

        return str(wait_for(found, "the approval's token"))

    def answer(self, stage_name: str, action: str, status: str) -> None:
        self.codepipeline.put_approval_result(
            pipelineName=self.name,
            stageName=stage_name,
            actionName=action,
            token=self.token(stage_name, action),
            result={"summary": "seen", "status": status},
        )


ProjectOf = Callable[[LocalServer], Project]
