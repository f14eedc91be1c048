from __future__ import annotations

from tests.local_aws.codepipeline.documents import (
    KEY,
    ROLE,
    artifacts,
    codecommit,
    invoke,
    pipeline,
    s3_source,
    small,
    stage,
)
from tests.local_aws.codepipeline.surroundings import COMMIT, Surroundings
from tests.local_aws.s3_double import etag


def test_sources_run_and_hand_on_artifacts_and_variables(codepipeline: Surroundings) -> None:
    parameters = "#{codepipeline.PipelineExecutionId} #{CodeVariables.CommitId} #{DataVariables.VersionId}"
    work = invoke("Run", user_parameters=parameters, inputArtifacts=artifacts("CodeArtifact", "DataArtifact"))
    execution = codepipeline.create(pipeline(stage("Source", codecommit(), s3_source()), stage("Work", work)))
    job = codepipeline.job()
    data = job["data"]
    assert data["actionConfiguration"]["configuration"]["UserParameters"] == f"{execution} {COMMIT} v1"
    assert data["encryptionKey"] == {"id": KEY, "type": "KMS"}
    assert data["outputArtifacts"] == []
    assert "continuationToken" not in data
    assert data["artifactCredentials"] == {
        "accessKeyId": "ASIArelease",
        "secretAccessKey": "secret",
        "sessionToken": "token",
    }
    assert [a["revision"] for a in data["inputArtifacts"]] == [COMMIT, "v1"]
    code, manifest = (a["location"]["s3Location"] for a in data["inputArtifacts"])
    assert code["objectKey"].startswith("release/CodeArtifa/")
    assert len(code["objectKey"].rpartition("/")[2]) == 7
    written = codepipeline.clients.s3.objects
    assert written["artifacts", code["objectKey"]] == f"zip of repo at {COMMIT}".encode()
    assert written["artifacts", manifest["objectKey"]] == b"one"
    assert {put["SSEKMSKeyId"] for put in codepipeline.clients.s3.puts} == {KEY}
    codepipeline.succeed(job)
    codepipeline.until(execution, "Succeeded")
    assert codepipeline.attempt("Code")["output"]["outputVariables"] == {
        "AuthorDate": "2019-10-29T03:31:32Z",
        "BranchName": "main",
        "CommitId": COMMIT,
        "CommitMessage": "say more\n",
        "CommitterDate": "2019-10-29T03:33:19Z",
        "RepositoryName": "repo",
    }
    assert codepipeline.attempt("Data")["output"]["outputVariables"] == {
        "BucketName": "data",
        "ETag": etag(b"one").strip('"'),
        "ObjectKey": "manifest.json",
        "VersionId": "v1",
    }


def test_source_revisions_are_pinned(codepipeline: Surroundings) -> None:
    override = s3_source(configuration={"AllowOverrideForS3ObjectKey": "true"})
    codepipeline.create(pipeline(stage("Source", codecommit(), override), stage("Work", invoke("Run"))))
    codepipeline.succeed(codepipeline.job())
    for content in (b"a", b"b"):
        codepipeline.clients.s3.objects["data", "other.json"] = content
    revisions = [
        {"actionName": "Code", "revisionType": "COMMIT_ID", "revisionValue": "b" * 40},
        {"actionName": "Data", "revisionType": "S3_OBJECT_KEY", "revisionValue": "other.json"},
        {"actionName": "Data", "revisionType": "S3_OBJECT_VERSION_ID", "revisionValue": "v1"},
    ]
    execution = codepipeline.call("StartPipelineExecution", name="release", sourceRevisions=revisions)
    codepipeline.job(1)
    found = codepipeline.call(
        "GetPipelineExecution", pipelineName="release", pipelineExecutionId=execution["pipelineExecutionId"]
    )["pipelineExecution"]
    assert {r["name"]: r["revisionId"] for r in found["artifactRevisions"]} == {
        "CodeArtifact": "b" * 40,
        "DataArtifact": "v1",
    }
    assert codepipeline.clients.codecommit.asked[-1] == ("repo", "b" * 40)
    variables = codepipeline.attempt("Data")["output"]["outputVariables"]
    assert (variables["ObjectKey"], variables["VersionId"]) == ("other.json", "v1")
    summaries = codepipeline.call("ListPipelineExecutions", pipelineName="release")["pipelineExecutionSummaries"]
    assert [r["revisionSummary"] for r in summaries[0]["sourceRevisions"]] == ["say more\n", "Amazon S3 version id: v1"]


def test_s3_source_failures_say_what_to_do(codepipeline: Surroundings) -> None:
    codepipeline.clients.s3.objects.clear()
    execution = codepipeline.create(pipeline(stage("Source", s3_source()), stage("Work", invoke("Run"))))
    codepipeline.until(execution, "Failed")
    message = codepipeline.attempt("Data")["output"]["executionResult"]["errorDetails"]["message"]
    assert message == "The source object s3://data/manifest.json does not exist (S3 answered 404)."
    codepipeline.clients.s3.versioning = "Suspended"
    again = codepipeline.call("StartPipelineExecution", name="release")["pipelineExecutionId"]
    codepipeline.until(again, "Failed")
    assert (
        "is not versioned"
        in codepipeline.attempt("Data", again)["output"]["executionResult"]["errorDetails"]["message"]
    )


def test_a_role_of_an_action_that_distrusts_codepipeline_fails_it(codepipeline: Surroundings) -> None:
    execution = codepipeline.create(small())
    codepipeline.succeed(codepipeline.job())
    codepipeline.until(execution, "Succeeded")
    codepipeline.distrusted.add(ROLE)
    second = codepipeline.call("StartPipelineExecution", name="release")["pipelineExecutionId"]
    codepipeline.until(second, "Failed")
    assert codepipeline.attempt("Code")["output"]["executionResult"]["errorDetails"]["code"] == "PermissionError"
