"""The code that the template holds of the functions that publish and dispatch, against a running local AWS."""

from __future__ import annotations

import hashlib
import io
import json
import sys
import zipfile
from collections.abc import Mapping
from contextlib import nullcontext
from dataclasses import dataclass, field
from datetime import timedelta
from types import ModuleType
from typing import Any
from unittest.mock import MagicMock

import boto3
import pytest
from botocore.exceptions import ClientError
from slipway_build.packages import code_sha256

from pipeline_lambdas.release.published import function_of, versions_of
from tests.cloudformation import templates
from tests.local_server import LocalServer, allow, wait_for

NAMES = ("do-this", "do-that", "never-built")
SAYS = "def handler(event, context):\n    return {'code': %r, 'event': event, 'version': context.function_version}\n"


def zipped(files: Mapping[str, bytes]) -> bytes:
    body = io.BytesIO()
    with zipfile.ZipFile(body, "w") as archive:
        for name, content in files.items():
            archive.writestr(zipfile.ZipInfo(name), content)
    return body.getvalue()


@dataclass
class Site:
    """Functions without code of their own, and the clients that the inline code is given."""

    aws: LocalServer
    prefix: str
    jobs: MagicMock = field(default_factory=MagicMock)

    def __post_init__(self) -> None:
        self.functions, self.s3 = self.aws.client("lambda"), self.aws.client("s3")
        self.bucket = f"{self.prefix}-bucket"
        self.s3.create_bucket(Bucket=self.bucket)
        self.key = self.aws.client("kms").create_key()["KeyMetadata"]["Arn"]
        role = self.aws.create_role(f"{self.prefix}-role", "lambda.amazonaws.com", allow("logs:*"))
        for name in NAMES:
            self.functions.create_function(
                FunctionName=f"{self.prefix}-{name}",
                Runtime="python3.13",
                Role=role,
                Handler="index.handler",
                Code={"ZipFile": zipped({"index.py": b"# nothing yet\n"})},
            )
            self.functions.put_function_event_invoke_config(
                FunctionName=f"{self.prefix}-{name}", MaximumRetryAttempts=1
            )

    def built(self, **code: str) -> tuple[str, dict[str, bytes]]:
        """The hash of what a build says, and its artifact; `do_this="a"` is code of do-this."""
        packages = {n.replace("_", "-"): zipped({"index.py": (SAYS % text).encode()}) for n, text in code.items()}
        listed = json.dumps({
            "packages": {name: code_sha256(content) for name, content in packages.items()},
            "functions": {name: name for name in packages},
        }).encode()  # fmt: skip
        files = {"packages.json": listed, **{f"{name}.zip": content for name, content in packages.items()}}
        return hashlib.sha256(listed).hexdigest(), files

    def event(self, files: Mapping[str, bytes] | None, **parameters: str) -> dict[str, Any]:
        """The job of an action that gets the files as its artifact; without any, of one that takes no artifact."""
        self.s3.put_object(Bucket=self.bucket, Key="artifact", Body=zipped(files or {}))
        root = self.aws.root
        keys = {"accessKeyId": root.access_key_id, "secretAccessKey": root.secret_access_key, "sessionToken": None}
        place = {"s3Location": {"bucketName": self.bucket, "objectKey": "artifact"}}
        configuration = {"FunctionName": f"{self.prefix}-publish", "UserParameters": json.dumps(parameters)}
        data = {
            "actionConfiguration": {"configuration": configuration},
            "inputArtifacts": [{"name": "Packages", "location": place}] if files is not None else [],
            "artifactCredentials": keys,
        }
        return {"CodePipeline.job": {"id": "a-job", "data": data}}

    def published(self, module: ModuleType, files: Mapping[str, bytes] | None, **parameters: str) -> dict[str, str]:
        self.jobs.reset_mock()
        module.handler(self.event(files, **{"checks": "none", **parameters}), None)
        self.jobs.put_job_failure_result.assert_not_called()
        variables: dict[str, str] = self.jobs.put_job_success_result.call_args.kwargs["outputVariables"]
        return variables

    def refused(self, module: ModuleType, event: Mapping[str, Any]) -> str:
        self.jobs.reset_mock()
        module.handler(event, None)
        self.jobs.put_job_success_result.assert_not_called()
        return str(self.jobs.put_job_failure_result.call_args.kwargs["failureDetails"]["message"])

    def kept(self, key: str) -> bytes:
        body: bytes = self.s3.get_object(Bucket=self.bucket, Key=key)["Body"].read()
        return body

    def versions(self, name: str) -> list[str]:
        found = self.functions.list_versions_by_function(FunctionName=f"{self.prefix}-{name}")["Versions"]
        return [version["Version"] for version in found[1:]]

    def module(self, name: str, monkeypatch: pytest.MonkeyPatch, **changed: str) -> ModuleType:
        """The code that the template has, as Lambda would import it; an empty variable is not set."""
        environment = {
            "NAME_PREFIX": self.prefix,
            "FUNCTIONS": ",".join(NAMES),
            "PACKAGE_BUCKET": self.bucket,
            "KMS_KEY_ARN": self.key,
            "CHECKS_KEY": "checks/model.txt",
            **changed,
        }
        for variable, value in environment.items():
            monkeypatch.setenv(variable, value)
            if not value:
                monkeypatch.delenv(variable)
        clients = {"lambda": self.functions, "s3": self.s3, "codepipeline": self.jobs}
        monkeypatch.setattr(boto3, "client", lambda service, **_: clients[service])
        module = ModuleType(f"inline_{name.lower()}")
        monkeypatch.setitem(sys.modules, module.__name__, module)
        exec(templates.load("pipeline")["Mappings"]["Inline"][name]["Source"], module.__dict__)  # noqa: S102
        return module


def test_a_release_gets_the_versions_that_it_has_built_and_no_other(
    local_aws: LocalServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    site = Site(local_aws, "slipway-publishing")
    publish = site.module("Publish", monkeypatch)
    wanted, first = site.built(do_this="a", do_that="b")
    told = site.published(publish, first, packages=wanted, checks="01234567")
    assert told["Packages"] == wanted
    assert (told["DoThis"], told["DoThat"], told["NeverBuilt"], told["Updated"]) == (
        "1",
        "1",
        "none",
        "do-this,do-that",
    )
    assert site.kept("checks/model.txt") == b"01234567"
    kept = f"do-this/{hashlib.sha256(first['do-this.zip']).hexdigest()}.zip"
    answer = site.s3.get_object(Bucket=site.bucket, Key=kept)
    assert (answer["Body"].read(), answer["SSEKMSKeyId"]) == (first["do-this.zip"], site.key)
    assert versions_of(told) == [
        {"name": name, "version": "1", "code_sha256": code_sha256(first[f"{name}.zip"])}
        for name in ("do-that", "do-this")
    ]
    config = site.functions.get_function_event_invoke_config(FunctionName=f"{site.prefix}-do-this", Qualifier="1")
    assert config["MaximumRetryAttempts"] == 1

    same = site.published(publish, first, packages=wanted)
    assert same == {**told, "Updated": "none"}
    assert site.kept("checks/model.txt") == b"01234567", "nothing new is to be noted"
    # A build is kept once, however often it is made again.
    listed = site.s3.list_object_versions(Bucket=site.bucket, Prefix="builds/")["Versions"]
    assert [version["Key"] for version in listed] == [f"builds/{wanted}.zip"]
    # A version has the configuration of its time, so a changed one makes another.
    site.functions.update_function_configuration(FunctionName=f"{site.prefix}-do-that", Timeout=9)
    newer, second = site.built(do_this="c", do_that="b")
    after = site.published(publish, second, packages=newer)
    assert (after["DoThis"], after["DoThat"], after["Updated"]) == ("2", "2", "do-this")
    for version, code in (("1", "a"), ("2", "c")):
        answer = site.functions.invoke(FunctionName=f"{site.prefix}-do-this", Qualifier=version, Payload=b"1")
        assert json.load(answer["Payload"]) == {"code": code, "event": 1, "version": version}

    # What another build has put in the artifact's place is published by nobody.
    evil, other = site.built(do_this="evil", do_that="b")
    event = site.event(other, packages=wanted, checks="none")
    assert "not the one that this release has built" in site.refused(publish, event)
    swapped = {**second, "do-this.zip": other["do-this.zip"]}
    event = site.event(swapped, packages=newer, checks="none")
    assert "do-this: not what this release has built" in site.refused(publish, event)
    assert site.versions("do-this") == ["1", "2"]
    kept = site.s3.list_objects_v2(Bucket=site.bucket, Prefix="builds/")["Contents"]
    assert {item["Key"] for item in kept} == {f"builds/{sha256}.zip" for sha256 in (wanted, newer)}
    assert evil not in {wanted, newer}


def test_a_source_that_was_written_again_is_refused(local_aws: LocalServer, monkeypatch: pytest.MonkeyPatch) -> None:
    """Build may have read the one version or the other."""
    site = Site(local_aws, "slipway-publish-sources")
    publish = site.module("Publish", monkeypatch)
    site.s3.put_bucket_versioning(Bucket=site.bucket, VersioningConfiguration={"Status": "Enabled"})
    wanted, files = site.built(do_this="a", do_that="b")
    sources = {"TrainingConfig": b"config", "Dataset": b"dataset", "PipelineLambdas": b"p", "InferenceLambdas": b"i"}
    for name, content in sources.items():
        site.s3.put_object(Bucket=site.bucket, Key=f"pipeline/{name}", Body=content)
        site.s3.put_object(Bucket=site.bucket, Key=f"pipeline/{name}-2", Body=b"of another release")

    def event() -> dict[str, Any]:
        given = site.event(files, packages=wanted)
        given["CodePipeline.job"]["data"]["inputArtifacts"] += [
            {"name": name, "location": {"s3Location": {"bucketName": site.bucket, "objectKey": f"pipeline/{name}"}}}
            for name in sources
        ]
        return given

    publish.handler(event(), None)
    told = site.jobs.put_job_success_result.call_args.kwargs["outputVariables"]
    assert {name: value for name, value in told.items() if name.endswith("Artifact")} == {
        f"{name}Artifact": hashlib.sha256(sources[name]).hexdigest() for name in ("TrainingConfig", "Dataset")
    }
    for name, content in sources.items():
        site.s3.put_object(Bucket=site.bucket, Key=f"pipeline/{name}", Body=content)
        assert f"pipeline/{name}: found 2 versions of {name}; expected the one of its" in site.refused(publish, event())
        for version in site.s3.list_object_versions(Bucket=site.bucket, Prefix=f"pipeline/{name}")["Versions"]:
            site.s3.delete_object(Bucket=site.bucket, Key=version["Key"], VersionId=version["VersionId"])
        site.s3.put_object(Bucket=site.bucket, Key=f"pipeline/{name}", Body=content)
    publish.handler(event(), None)


@pytest.mark.parametrize(
    ("answers", "refused", "asked"),
    [
        ([None], None, 1),
        (["PreconditionFailed"], None, 1),
        (["ConditionalRequestConflict", None], None, 2),
        (["ConditionalRequestConflict", "PreconditionFailed"], None, 2),
        (["ConditionalRequestConflict"] * 4, "ConditionalRequestConflict", 4),
        (["AccessDenied"], "AccessDenied", 1),
    ],
)
def test_two_releases_that_keep_the_same_build_at_once(
    monkeypatch: pytest.MonkeyPatch, answers: list[str | None], refused: str | None, asked: int
) -> None:
    """https://docs.aws.amazon.com/AmazonS3/latest/API/API_PutObject.html tells of 409 and 412."""
    s3 = MagicMock()
    s3.exceptions.ClientError = ClientError
    s3.put_object.side_effect = [
        code and ClientError({"Error": {"Code": code, "Message": ""}}, "PutObject") for code in answers
    ]
    monkeypatch.setattr(boto3, "client", lambda _service, **_: s3)
    monkeypatch.setattr("time.sleep", lambda _: None)
    for variable in ("NAME_PREFIX", "FUNCTIONS", "PACKAGE_BUCKET", "KMS_KEY_ARN"):
        monkeypatch.setenv(variable, "a")
    # Where its classes look for their names.
    module = ModuleType("inline_publish")
    monkeypatch.setitem(sys.modules, module.__name__, module)
    exec(templates.load("pipeline")["Mappings"]["Inline"]["Publish"]["Source"], module.__dict__)  # noqa: S102
    with pytest.raises(ClientError, match=refused) if refused else nullcontext():
        module.__dict__["keep_once"]("builds/a.zip", b"")
    assert [call.kwargs["IfNoneMatch"] for call in s3.put_object.call_args_list] == ["*"] * asked


def test_what_is_approved_is_what_publish_has_kept_whatever_became_of_the_artifact(
    local_aws: LocalServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Another build's artifact lies in the place of the one that waits for its approval."""
    site = Site(local_aws, "slipway-kept")
    wanted, files = site.built(do_this="a", do_that="b")
    before = {"FUNCTIONS": "do-this"}
    site.published(site.module("Publish", monkeypatch, **before), files, packages=wanted)
    approved = site.module("Publish", monkeypatch, FUNCTIONS="do-that", CHECKS_KEY="")
    assert site.published(approved, None, packages=wanted)["DoThat"] == "1"
    answer = site.functions.invoke(FunctionName=f"{site.prefix}-do-that", Qualifier="1", Payload=b"1")
    assert json.load(answer["Payload"])["code"] == "b"

    # What is kept is held against the hash once more; what was never published, or is gone, is named.
    _, other = site.built(do_this="evil", do_that="evil")
    site.s3.put_object(Bucket=site.bucket, Key=f"builds/{wanted}.zip", Body=zipped(other))
    assert "not the one that this release has built" in site.refused(approved, site.event(None, packages=wanted))
    site.s3.delete_object(Bucket=site.bucket, Key=f"builds/{wanted}.zip")
    said = site.refused(approved, site.event(None, packages=wanted))
    assert f"{site.bucket}/builds/{wanted}.zip: what this release has built is not kept. Start a new release." in said
    # Only the function that publishes before the approval keeps anything.
    site.published(approved, files, packages=wanted, checks="76543210")
    assert "Contents" not in site.s3.list_objects_v2(Bucket=site.bucket, Prefix="builds/")
    assert "Contents" not in site.s3.list_objects_v2(Bucket=site.bucket, Prefix="checks/")


def test_before_the_first_approval_only_what_was_never_published_is(
    local_aws: LocalServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    site = Site(local_aws, "slipway-first")
    publish = site.module("Publish", monkeypatch)
    for code, updated in (("a", "do-this"), ("b", "none")):
        wanted, files = site.built(do_this=code, do_that=code)
        assert site.published(publish, files, packages=wanted, first="do-this")["Updated"] == updated
    assert (site.versions("do-this"), site.versions("do-that")) == (["1"], [])


def test_versions_that_no_release_can_wait_with_are_deleted(
    local_aws: LocalServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    site = Site(local_aws, "slipway-old")
    publish = site.module("Publish", monkeypatch)
    monkeypatch.setattr(publish, "KEPT_VERSIONS", 1)
    for code in "abc":
        wanted, files = site.built(do_this=code)
        site.published(publish, files, packages=wanted)
    assert site.versions("do-this") == ["1", "2", "3"]
    monkeypatch.setattr(publish, "LONGEST_WAIT", timedelta(0))
    wanted, files = site.built(do_this="d")
    site.published(publish, files, packages=wanted)
    assert site.versions("do-this") == ["3", "4"]


def test_the_version_that_a_late_rollback_waits_with_is_never_deleted(
    local_aws: LocalServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """DeployProd/Wait of a rollback names the version of get-status that its release was published with."""
    (wait,) = [
        action
        for action in templates.decided("pipeline")["Resources"]["Pipeline"]["Properties"]["Stages"][-1]["Actions"]
        if '"version": "#{Publish.' in action["Configuration"]["UserParameters"]
    ]
    waits = json.loads(wait["Configuration"]["UserParameters"])["function"]
    site = Site(local_aws, "slipway-late")
    publish = site.module("Publish", monkeypatch)
    assert {waits} == publish.KEPT_FOR_EVER
    monkeypatch.setattr(publish, "KEPT_FOR_EVER", {"do-this"})
    monkeypatch.setattr(publish, "KEPT_VERSIONS", 1)
    monkeypatch.setattr(publish, "LONGEST_WAIT", timedelta(0))
    for code in "abcd":
        wanted, files = site.built(do_this=code, do_that=code)
        site.published(publish, files, packages=wanted)
    assert site.versions("do-this") == ["1", "2", "3", "4"]
    assert site.versions("do-that") == ["3", "4"]


def test_a_version_is_invoked_with_the_job_of_its_action(
    local_aws: LocalServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    site = Site(local_aws, "slipway-dispatching")
    wanted, files = site.built(do_this="a")
    site.published(site.module("Publish", monkeypatch), files, packages=wanted)
    dispatch = site.module("Dispatch", monkeypatch)
    sent: list[dict[str, Any]] = []
    invoke = site.functions.invoke

    def recorded(**call: Any) -> Any:
        sent.append(call)
        return invoke(**call)

    monkeypatch.setattr(site.functions, "invoke", recorded)
    given = {"function": "do-this", "version": "1", "execution_id": "0123"}
    dispatch.handler(site.event(files, **given), None)
    site.jobs.put_job_failure_result.assert_not_called()
    (call,) = sent
    assert (call["FunctionName"], call["Qualifier"], call["InvocationType"]) == (
        f"{site.prefix}-do-this",
        "1",
        "Event",
    )
    # As if CodePipeline had invoked the function itself.
    configuration = json.loads(call["Payload"])["CodePipeline.job"]["data"]["actionConfiguration"]["configuration"]
    assert configuration == {"FunctionName": f"{site.prefix}-do-this", "UserParameters": '{"execution_id": "0123"}'}

    refused = site.event(files, function="do-this", version="7")
    assert "ResourceNotFoundException" in site.refused(dispatch, refused)
    assert "never-built is not built yet" in site.refused(
        dispatch, site.event(files, function="never-built", version="none")
    )
    assert "is not built yet" in site.refused(dispatch, site.event(files, function="do-this", version="$LATEST"))
    twice = site.event(files)
    parameters = '{"function": "do-this", "version": "1", "name": "x", "function": "do-that"}'
    twice["CodePipeline.job"]["data"]["actionConfiguration"]["configuration"]["UserParameters"] = parameters
    assert "name a key twice" in site.refused(dispatch, twice)


@pytest.mark.parametrize("code", ["ResourceConflictException", "ResourceNotReadyException"])
def test_an_inactive_version_is_invoked_again(monkeypatch: pytest.MonkeyPatch, code: str) -> None:
    """The first invocation of an inactive one fails: https://docs.aws.amazon.com/lambda/latest/dg/functions-states.html."""
    asleep = ClientError({"Error": {"Code": code, "Message": "Pending"}}, "Invoke")
    clients = {"lambda": MagicMock(), "codepipeline": MagicMock()}
    monkeypatch.setenv("NAME_PREFIX", "p")
    monkeypatch.setattr(boto3, "client", clients.__getitem__)
    module: dict[str, Any] = {}
    exec(templates.load("pipeline")["Mappings"]["Inline"]["Dispatch"]["Source"], module)  # noqa: S102
    module["PAUSE_S"] = 0
    parameters = json.dumps({"function": "do-this", "version": "1"})
    data = {"actionConfiguration": {"configuration": {"UserParameters": parameters}}}
    event = {"CodePipeline.job": {"id": "a-job", "data": data}}

    clients["lambda"].invoke.side_effect = [asleep, asleep, {}]
    module["handler"](event, None)
    assert clients["lambda"].invoke.call_count == 3
    clients["codepipeline"].put_job_failure_result.assert_not_called()

    # One that does not wake up fails its action, before the function itself runs out of time.
    timeout = templates.load("pipeline")["Resources"]["DispatchFunction"]["Properties"]["Timeout"]
    assert module["WAKES_WITHIN_S"] + 10 < timeout
    data["actionConfiguration"]["configuration"]["UserParameters"] = parameters
    module["WAKES_WITHIN_S"] = 0
    clients["lambda"].invoke.side_effect = asleep
    module["handler"](event, None)
    clients["codepipeline"].put_job_failure_result.assert_called_once()


@pytest.mark.parametrize(
    ("configuration", "expected"),
    [
        ({"FunctionName": "p-m-dispatch", "UserParameters": '{"function": "get-status"}'}, "p-m-get-status"),
        ({"FunctionName": "p-m-dispatch-approved", "UserParameters": '{"function": "clean-up"}'}, "p-m-clean-up"),
        ({"FunctionName": "p-m-publish", "UserParameters": '{"packages": "0"}'}, "p-m-publish"),
        ({"FunctionName": "p-m-train-model", "UserParameters": '{"function": "get-status"}'}, "p-m-train-model"),
        ({"FunctionName": "p-m-dispatch", "UserParameters": "["}, "p-m-dispatch"),
        ({"ProjectName": "p-m-build"}, ""),
    ],
)
def test_an_action_is_about_the_function_that_is_dispatched(configuration: dict[str, str], expected: str) -> None:
    assert function_of(configuration) == expected


def test_local_aws_makes_versions_as_aws_does(local_aws: LocalServer) -> None:
    """https://docs.aws.amazon.com/lambda/latest/api/API_PublishVersion.html."""
    site = Site(local_aws, "slipway-versions")
    function, functions = f"{site.prefix}-do-this", site.functions
    wait_for(lambda: _settled(functions, function), "the function to be made")
    assert functions.publish_version(FunctionName=function)["Version"] == "1"
    assert functions.publish_version(FunctionName=function)["Version"] == "1"
    sha256 = functions.get_function_configuration(FunctionName=function, Qualifier="1")["CodeSha256"]
    functions.update_function_code(FunctionName=function, ZipFile=zipped({"index.py": (SAYS % "b").encode()}))
    with pytest.raises(ClientError, match="ResourceConflictException"):
        functions.publish_version(FunctionName=function)
    wait_for(lambda: _settled(functions, function), "the update to end")
    with pytest.raises(ClientError, match="CodeSHA256"):
        functions.publish_version(FunctionName=function, CodeSha256=sha256)
    with pytest.raises(ClientError, match="PreconditionFailedException"):
        functions.publish_version(FunctionName=function, RevisionId="00000000-0000-0000-0000-000000000000")
    assert functions.publish_version(FunctionName=function)["Version"] == "2"
    made = functions.update_function_code(
        FunctionName=function, ZipFile=zipped({"index.py": (SAYS % "c").encode()}), Publish=True
    )
    assert (made["Version"], made["FunctionArn"].rpartition(":")[2], made["State"]) == ("3", "3", "Active")
    # A version has an ARN of its own: who may invoke it may not invoke the function.
    arn = functions.get_function_configuration(FunctionName=function)["FunctionArn"]
    key = local_aws.user_with("slipway-versions-user", allow("lambda:InvokeFunction", resource=f"{arn}:*"))
    user = local_aws.client("lambda", *key)
    assert json.load(user.invoke(FunctionName=function, Qualifier="2", Payload=b"0")["Payload"])["code"] == "b"
    with pytest.raises(ClientError, match="AccessDenied"):
        user.invoke(FunctionName=function, Payload=b"0")


def _settled(functions: Any, name: str) -> bool:
    found = functions.get_function_configuration(FunctionName=name)
    return bool(found["State"] == "Active" and found["LastUpdateStatus"] == "Successful")
