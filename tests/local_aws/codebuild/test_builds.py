"""Builds by way of the API: sources, artifacts, secrets, roles, stops and restarts."""

from __future__ import annotations

import contextlib
import io
import json
import os
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError

from local_aws.aws import Clients
from local_aws.codebuild.platform import Platform
from local_aws.codebuild.records import Records
from local_aws.codebuild.running import build_state
from local_aws.codebuild.running.build_run import BuildRun
from local_aws.runtime import Runtime
from local_aws.settings import Settings
from local_aws.state.store import Store
from tests.local_aws.codebuild.workshop import Workshop, phases, reason
from tests.local_aws.manual_clock import ManualClock
from tests.local_server import ACCOUNT, REGION, ROOT, LocalServer, allow, wait_for


def archive(files: dict[str, str]) -> bytes:
    body = io.BytesIO()
    with zipfile.ZipFile(body, "w") as writer:
        for name, text in files.items():
            writer.writestr(name, text)
    return body.getvalue()


def refused(call: Any, **arguments: Any) -> str:
    with pytest.raises(ClientError) as raised:
        call(**arguments)
    return f"{raised.value.response['Error']['Code']}: {raised.value.response['Error']['Message']}"


SPEC = """version: 0.2
phases:
  build:
    commands:
    - cat data.txt "$CODEBUILD_SRC_DIR_Other/more.txt"
    - mkdir -p out/deep && echo one > out/one.txt && echo two > out/deep/two.txt && echo tmp > out/deep/x.tmp
artifacts:
  files: ['**/*']
  base-directory: out
  exclude-paths: ['**/*.tmp']
  secondary-artifacts:
    flat: {files: ['out/**/*.txt'], discard-paths: yes}
"""


def test_sources_and_artifacts_in_s3(workshop: Workshop) -> None:
    bucket = workshop.bucket
    workshop.s3.put_object(Bucket=bucket, Key="a.zip", Body=archive({"buildspec.yml": SPEC, "data.txt": "data\n"}))
    workshop.s3.put_object(Bucket=bucket, Key="b.zip", Body=archive({"more.txt": "more\n"}))
    target = {"type": "S3", "location": bucket, "path": "made", "packaging": "ZIP"}
    build = workshop.run(
        "",
        {
            "source": {"type": "S3", "location": f"{bucket}/a.zip"},
            "secondarySources": [{"type": "S3", "location": f"{bucket}/b.zip", "sourceIdentifier": "Other"}],
            "artifacts": {**target, "name": "all.zip"},
            "secondaryArtifacts": [
                {
                    **target,
                    "name": "flat",
                    "artifactIdentifier": "flat",
                    "packaging": "NONE",
                    "namespaceType": "BUILD_ID",
                }
            ],
        },
    )
    lines = workshop.log(build)
    assert build["buildStatus"] == "SUCCEEDED", lines
    assert {"data", "more", "> YAML location is buildspec.yml"} <= set(lines)
    assert build["artifacts"]["location"] == f"arn:aws:s3:::{bucket}/made/all.zip"
    body = workshop.s3.get_object(Bucket=bucket, Key="made/all.zip")
    assert body["Metadata"]["codebuild-buildarn"] == build["arn"]
    with zipfile.ZipFile(io.BytesIO(body["Body"].read())) as made:
        assert made.namelist() == ["deep/two.txt", "one.txt"]
    uuid = build["id"].partition(":")[2]
    keys = [o["Key"] for o in workshop.s3.list_objects_v2(Bucket=bucket, Prefix="made/")["Contents"]]
    assert sorted(keys) == sorted([f"made/{uuid}/flat/one.txt", f"made/{uuid}/flat/two.txt", "made/all.zip"])


def test_missing_artifacts_and_sources(workshop: Workshop) -> None:
    spec = "version: 0.2\nphases: {build: {commands: [echo]}}\nartifacts: {files: [none.txt]}\n"
    target = {"artifacts": {"type": "S3", "location": workshop.bucket}}
    assert reason(workshop.run(spec, target)) == "UPLOAD_ARTIFACTS CLIENT_ERROR no matching artifact paths found"
    outside = spec.replace("files: [none.txt]", "files: ['*'], base-directory: ../../../..")
    assert reason(workshop.run(outside, target)).endswith("artifacts.base-directory ../../../.. is outside the build")
    source = {"type": "S3", "location": f"{workshop.bucket}/no.zip"}
    build = workshop.run("", {"source": source, "artifacts": {"type": "NO_ARTIFACTS"}})
    assert reason(build).startswith("DOWNLOAD_SOURCE CLIENT_ERROR NoSuchKey: ")
    workshop.s3.put_object(Bucket=workshop.bucket, Key="no.zip", Body=archive({"other.yml": ""}))
    assert reason(workshop.finished(workshop.start())) == (
        "DOWNLOAD_SOURCE YAML_FILE_ERROR stat buildspec.yml: no such file or directory in the primary source"
    )


def test_parameters_and_secrets_are_looked_up_as_the_role_and_masked(workshop: Workshop) -> None:
    name = workshop.name
    ssm, secrets = workshop.aws.client("ssm"), workshop.aws.client("secretsmanager")
    ssm.put_parameter(Name=f"/{name}/p", Value="parameter-value", Type="String")
    arn = secrets.create_secret(Name=name, SecretString=json.dumps({"key": "secret-value"}))["ARN"]
    spec = f"""version: 0.2
env:
  parameter-store: {{P: /{name}/p}}
  secrets-manager: {{S: '{arn}:key'}}
  exported-variables: [P, S]
phases: {{build: {{commands: ['echo "<$P> <$S>"', 'test "$P$S" = parameter-valuesecret-value']}}}}
"""
    denied = workshop.run(spec)
    assert reason(denied).startswith("DOWNLOAD_SOURCE CLIENT_ERROR GetParameters: ")
    workshop.aws.put_role_policy(
        f"{name}-build",
        *workshop.statements(),
        allow("ssm:GetParameters", resource=f"arn:aws:ssm:{REGION}:{ACCOUNT}:parameter/{name}/p"),
        allow("secretsmanager:GetSecretValue", resource=arn),
    )
    build = workshop.finished(workshop.start())
    lines = workshop.log(build)
    assert build["buildStatus"] == "SUCCEEDED", lines
    assert "<***> <***>" in lines
    assert not any("parameter-value" in line and "Running" not in line and "Reason" not in line for line in lines)
    ssm.delete_parameter(Name=f"/{name}/p")
    assert reason(workshop.finished(workshop.start())) == (
        f"DOWNLOAD_SOURCE CLIENT_ERROR Parameter does not exist: /{name}/p"
    )


READS_ENVIRONMENTS = """
import os
from pathlib import Path

def environment(pid):
    return Path(f"/proc/{pid}/environ").read_bytes().replace(b"\\0", b" ").decode()

pid = os.getpid()
while pid > 1:
    if b"\\0serve\\0" in Path(f"/proc/{pid}/cmdline").read_bytes():
        print("SERVER", environment(pid))
    pid = int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[1])
"""


def test_the_session_of_a_build_ends_with_it(workshop: Workshop, tmp_path: Path) -> None:
    file = tmp_path / "session"
    commands = [f'echo "$AWS_{part}" >> {file}' for part in ("ACCESS_KEY_ID", "SECRET_ACCESS_KEY", "SESSION_TOKEN")]
    build = workshop.run(json.dumps({"version": 0.2, "phases": {"build": {"commands": commands}}}))
    assert build["buildStatus"] == "SUCCEEDED"
    sts = workshop.aws.client("sts", *file.read_text(encoding="utf-8").split())

    def refused() -> str:
        try:
            sts.get_caller_identity()
        except ClientError as error:
            return str(error.response["Error"]["Code"])
        return ""

    assert wait_for(refused, "the session to end", 10) == "InvalidClientTokenId"


@pytest.mark.parametrize("verb", ["up", "serve"])
def test_a_build_is_the_role_and_has_nothing_of_this_machine(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, verb: str
) -> None:
    for variable in ("AWS_PROFILE", "AWS_ACCESS_KEY_ID", "GITHUB_TOKEN", "PIP_INDEX_URL"):
        monkeypatch.setenv(variable, "https://someone:of-the-user@example.com/simple")
    server = LocalServer(tmp_path / "state")
    with _running(server, verb):
        monkeypatch.undo()
        workshop = Workshop(server, "cb-clean")
        who = f'{sys.executable} -c \'import boto3; print(boto3.client("sts").get_caller_identity()["Arn"])\''
        program = tmp_path / "environments.py"
        program.write_text(READS_ENVIRONMENTS, encoding="utf-8")
        commands = ["env", who, 'ls -A "$HOME"', *([f"{sys.executable} {program}"] if Path("/proc").is_dir() else [])]
        build = workshop.run(json.dumps({"version": 0.2, "phases": {"build": {"commands": commands}}}))
        lines = workshop.log(build)
        assert build["buildStatus"] == "SUCCEEDED", lines
        assert not any("of-the-user" in line for line in lines)
        assert {"AWS_ACCESS_KEY_ID=***", "AWS_SECRET_ACCESS_KEY=***", "AWS_SESSION_TOKEN=***"} <= set(lines)
        session = f"AWSCodeBuild-{build['id'].partition(':')[2]}"
        assert f"arn:aws:sts::{ACCOUNT}:assumed-role/cb-clean-build/{session}" in lines
        seen = [line for line in lines if line.startswith("SERVER ")]
        assert seen or not Path("/proc").is_dir()
        assert all(f"HOME={tmp_path}/state/home" in line and "AWS_" not in line for line in seen), seen


@contextlib.contextmanager
def _running(server: LocalServer, verb: str) -> Iterator[None]:
    """A server in the background, or one in the foreground of a process of ours."""
    if verb == "up":
        server.up()
        try:
            yield
        finally:
            server.down()
        return
    command = [sys.executable, "-m", "local_aws", "serve", "--state", str(server.state), "--port", str(server.port)]
    with subprocess.Popen(command, cwd=ROOT) as process:
        try:
            wait_for(lambda: server.run("status").returncode == 0, "the server to answer")
            yield
        finally:
            process.terminate()


def test_a_build_finds_the_tools_of_the_user(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    tool = tmp_path / "bin" / "aws"
    tool.parent.mkdir()
    tool.write_text("#!/bin/sh\necho the aws of the user\n", encoding="utf-8")
    tool.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tool.parent}:{os.environ['PATH']}")
    server = LocalServer(tmp_path / "state")
    with _running(server, "up"):
        workshop = Workshop(server, "cb-tools")
        spec = "version: 0.2\nphases: {build: {commands: [aws, 'echo log $CODEBUILD_LOG_PATH']}}\n"
        build = workshop.run(spec)
        lines = workshop.log(build)
        assert "the aws of the user" in lines
        assert f"log {build['logs']['streamName']}" in lines


def test_the_log_is_the_roles_to_write(workshop: Workshop) -> None:
    workshop.aws.put_role_policy(f"{workshop.name}-build", allow("s3:GetObject"))
    build = workshop.run("version: 0.2\nphases: {build: {commands: [echo]}}\n")
    assert reason(build).startswith(
        f"PROVISIONING ACCESS_DENIED Service role {workshop.role} does not allow AWS CodeBuild to create Amazon "
        f"CloudWatch Logs log streams for build {build['arn']}. Error message: "
    )
    assert "INSTALL" not in phases(build)


def test_stop_and_timeout_leave_no_process(workshop: Workshop, tmp_path: Path) -> None:
    pid = tmp_path / "pid"
    spec = f"version: 0.2\nphases: {{build: {{commands: ['echo $$ > {pid}; sleep 600']}}}}\n"
    workshop.project(spec)
    started = workshop.start()
    process = int(wait_for(lambda: pid.exists() and pid.read_text(), "the command to run"))
    workshop.codebuild.stop_build(id=started)
    build = workshop.finished(started)
    assert (build["buildStatus"], phases(build)["BUILD"]) == ("STOPPED", "STOPPED")
    assert "POST_BUILD" not in phases(build)
    wait_for(lambda: not Path(f"/proc/{process}").exists(), "the shell to be gone")
    assert workshop.codebuild.stop_build(id=started)["build"]["buildStatus"] == "STOPPED"


def test_a_process_that_leaves_its_session_ends_with_the_build(workshop: Workshop, tmp_path: Path) -> None:
    """A process of its own session whose parents are gone, left by a build that ends, and by one that is stopped."""
    detach = (
        "import os, sys, time\n"
        "if os.fork(): os._exit(0)\n"
        "os.setsid()\n"
        "if os.fork(): os._exit(0)\n"
        "open(sys.argv[1], 'w').write(str(os.getpid()))\n"
        "time.sleep(600)\n"
    )
    program = tmp_path / "detach.py"
    program.write_text(detach, encoding="utf-8")
    ended, stopped = tmp_path / "ended", tmp_path / "stopped"

    def command(pid: Path) -> str:
        return f"{sys.executable} {program} {pid} >/dev/null 2>&1; while test ! -s {pid}; do sleep 0.05; done"

    build = workshop.run(json.dumps({"version": 0.2, "phases": {"build": {"commands": [command(ended)]}}}))
    assert build["buildStatus"] == "SUCCEEDED", workshop.log(build)
    wait_for(lambda: not _runs(ended), "the process of a build that has ended to be gone")
    commands = [command(stopped), "sleep 600"]
    workshop.project(json.dumps({"version": 0.2, "phases": {"build": {"commands": commands}}}))
    started = workshop.start()
    wait_for(lambda: stopped.exists() and stopped.read_text(), "the process to run")
    workshop.codebuild.stop_build(id=started)
    workshop.finished(started)
    wait_for(lambda: not _runs(stopped), "the process of a build that was stopped to be gone")


def _runs(pid: Path) -> bool:
    try:
        os.kill(int(pid.read_text(encoding="utf-8")), 0)
    except ProcessLookupError:
        return False
    return True


def test_a_build_runs_again_after_a_kill_and_after_a_stop(own_local_aws: LocalServer, tmp_path: Path) -> None:
    workshop = Workshop(own_local_aws, "cb-kill")
    pid, go = tmp_path / "pid", tmp_path / "go"
    command = f"echo $$ > {pid}; while test ! -e {go}; do sleep 0.05; done"
    workshop.project(json.dumps({"version": 0.2, "phases": {"build": {"commands": [command]}}}))
    started = workshop.start()

    def process() -> int:
        return int(wait_for(lambda: pid.exists() and pid.read_text(), "the command to run"))

    first = process()
    own_local_aws.kill()
    wait_for(lambda: not Path(f"/proc/{first}").exists(), "the shell to be gone")
    pid.unlink()
    own_local_aws.up()
    process()
    pid.unlink()
    own_local_aws.down()
    own_local_aws.up()
    process()
    assert workshop.build(started)["currentPhase"] == "BUILD"
    go.touch()
    build = workshop.finished(started)
    assert build["buildStatus"] == "SUCCEEDED", reason(build)
    assert [phase["phaseType"] for phase in build["phases"]].count("BUILD") == 1, "phases begin anew"
    lines = workshop.log(build)
    assert lines.count("> Local AWS ended while this build ran. The build starts again.") == 2
    assert workshop.codebuild.list_builds_for_project(projectName=workshop.name)["ids"] == [started]


def test_projects(workshop: Workshop) -> None:
    codebuild = workshop.codebuild
    workshop.project("version: 0.2\nphases: {build: {commands: [echo]}}\n", tags=[{"key": "team", "value": "models"}])
    shown = codebuild.batch_get_projects(names=[workshop.name, "none"])
    assert shown["projectsNotFound"] == ["none"]
    assert shown["projects"][0]["arn"] == f"arn:aws:codebuild:{REGION}:{ACCOUNT}:project/{workshop.name}"
    assert shown["projects"][0]["timeoutInMinutes"] == 60
    assert codebuild.update_project(name=workshop.name, timeoutInMinutes=5)["project"]["tags"][0]["value"] == "models"
    assert workshop.name in codebuild.list_projects()["projects"]
    first, second = (workshop.finished(workshop.start()) for _ in range(2))
    assert [build["buildNumber"] for build in (first, second)] == [1, 2]
    assert codebuild.list_builds_for_project(projectName=workshop.name)["ids"] == [second["id"], first["id"]]
    assert second["id"] in codebuild.list_builds()["ids"]
    same = [workshop.start(idempotencyToken="once") for _ in range(2)]
    assert same[0] == same[1]
    workshop.finished(same[0])
    assert "InvalidInputException" in refused(
        codebuild.start_build, projectName=workshop.name, idempotencyToken="once", sourceVersion="x"
    )
    codebuild.delete_project(name=workshop.name)
    codebuild.delete_project(name=workshop.name)
    assert refused(codebuild.start_build, projectName=workshop.name).startswith("ResourceNotFoundException: ")
    assert codebuild.batch_get_builds(ids=[first["id"], "a:b"])["buildsNotFound"] == ["a:b"]


def test_what_is_not_emulated_is_refused_by_name(workshop: Workshop) -> None:
    def answer(**values: Any) -> str:
        return refused(workshop.project, buildspec="version: 0.2", **values)

    assert "source.type: found BITBUCKET; local AWS runs" in answer(source={"type": "BITBUCKET", "location": "x"})
    assert "does not emulate vpcConfig" in answer(vpcConfig={"vpcId": "vpc-1"})
    assert "cache.type: found S3" in answer(cache={"type": "S3", "location": "x"})
    environment = {"type": "LINUX_CONTAINER", "image": "x", "computeType": "BUILD_GENERAL1_SMALL"}
    assert "environment.certificate" in answer(environment={**environment, "certificate": "x"})
    assert "found 'x'; a CodeCommit source is the" in answer(source={"type": "CODECOMMIT", "location": "x"})
    assert "found 'x'; a GitHub source is the" in answer(source={"type": "GITHUB", "location": "x"})
    assert "badges are not supported for a source of type NO_SOURCE" in answer(badgeEnabled=True)
    assert "both be of type CODEPIPELINE" in answer(artifacts={"type": "CODEPIPELINE"})
    workshop.project("version: 0.2", source={"type": "CODEPIPELINE"}, artifacts={"type": "CODEPIPELINE"})
    assert "is built by its pipeline" in refused(workshop.start)
    assert "does not emulate debugSessionEnabled" in refused(
        workshop.codebuild.start_build, projectName=workshop.name, debugSessionEnabled=True
    )


def test_permissions(workshop: Workshop) -> None:
    workshop.project("version: 0.2\nphases: {build: {commands: [echo]}}\n")
    arn = f"arn:aws:codebuild:{REGION}:{ACCOUNT}:project/{workshop.name}"
    key, secret = workshop.aws.user_with(f"{workshop.name}-user", allow("codebuild:*", resource=arn))
    codebuild = workshop.aws.client("codebuild", key, secret)
    build = codebuild.start_build(projectName=workshop.name)["build"]
    assert build["initiator"] == f"{workshop.name}-user"
    assert codebuild.batch_get_builds(ids=[build["id"]])["builds"]
    assert "codebuild:StartBuild on resource" in refused(codebuild.start_build, projectName="other")
    assert "codebuild:BatchGetBuilds on resource" in refused(codebuild.batch_get_builds, ids=["other:1"])
    assert "iam:PassRole" in refused(codebuild.update_project, name=workshop.name, serviceRole=workshop.role)
    workshop.finished(build["id"])


def test_stack(workshop: Workshop) -> None:
    cloudformation = workshop.aws.client("cloudformation")

    def template(minutes: str) -> str:
        properties = {
            "Name": workshop.name,
            "Source": {"Type": "NO_SOURCE", "BuildSpec": "version: 0.2\nphases: {build: {commands: [echo $A]}}\n"},
            "Artifacts": {"Type": "NO_ARTIFACTS"},
            "Environment": {
                "Type": "LINUX_CONTAINER",
                "Image": "aws/codebuild/amazonlinux-x86_64-standard:5.0",
                "ComputeType": "BUILD_GENERAL1_SMALL",
                "EnvironmentVariables": [{"Name": "A", "Value": "from the stack"}],
            },
            "ServiceRole": workshop.role,
            "TimeoutInMinutes": minutes,
            "LogsConfig": {"CloudWatchLogs": {"Status": "ENABLED", "GroupName": f"/aws/codebuild/{workshop.name}"}},
        }
        outputs = {"Name": {"Value": {"Ref": "Project"}}, "Arn": {"Value": {"Fn::GetAtt": ["Project", "Arn"]}}}
        resources = {"Project": {"Type": "AWS::CodeBuild::Project", "Properties": properties}}
        return json.dumps({"Resources": resources, "Outputs": outputs})

    def until(wanted: str) -> dict[str, str]:
        def reached() -> Any:
            found = cloudformation.describe_stacks(StackName=workshop.name)["Stacks"][0]
            assert not found["StackStatus"].endswith("FAILED"), found
            return found if found["StackStatus"] == wanted else None

        return {o["OutputKey"]: o["OutputValue"] for o in wait_for(reached, wanted)["Outputs"]}

    cloudformation.create_stack(StackName=workshop.name, TemplateBody=template("10"))
    arn = f"arn:aws:codebuild:{REGION}:{ACCOUNT}:project/{workshop.name}"
    assert until("CREATE_COMPLETE") == {"Name": workshop.name, "Arn": arn}
    build = workshop.finished(workshop.start())
    assert "from the stack" in workshop.log(build)
    assert build["timeoutInMinutes"] == 10
    cloudformation.update_stack(StackName=workshop.name, TemplateBody=template("15"))
    until("UPDATE_COMPLETE")
    assert workshop.codebuild.batch_get_projects(names=[workshop.name])["projects"][0]["timeoutInMinutes"] == 15
    cloudformation.delete_stack(StackName=workshop.name)
    wait_for(lambda: workshop.name not in workshop.codebuild.list_projects()["projects"], "the project to be gone")


def test_phases_count_elapsed_time_not_the_clock(tmp_path: Path) -> None:
    clock = ManualClock()
    settings = Settings(tmp_path)
    store = Store(tmp_path / "slipway.db")
    platform = Platform(Runtime(settings, store, clock, Clients(settings)), Records(store), lambda _bucket, _key: None)
    logs = {"groupName": "", "streamName": ""}
    document = {"id": "p:1", "arn": "", "projectName": "p", "buildNumber": 1, "startTime": platform.now(),
                "buildComplete": False, "buildStatus": "IN_PROGRESS", "phases": [], "logs": logs,
                "serviceRole": "", "queuedTimeoutInMinutes": 5, "timeoutInMinutes": 5}  # fmt: skip
    platform.records.put_build(document, {})
    run = BuildRun(platform, document, {})
    build_state.enter(platform, "p:1", "QUEUED")
    for set_by_s in (-10_800, 10_800, 10_800):
        clock.set_by(set_by_s)
        clock.advance(90)
        assert run._ending() is None
    [phase] = build_state.leave(platform, "p:1", "SUCCEEDED")["phases"]
    assert phase["durationInSeconds"] == 270
    clock.advance(31)
    ending = run._ending()
    assert ending is not None
    assert ending[0] == "TIMED_OUT"
    store.close()
