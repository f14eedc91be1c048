"""The launch from the console as docs/aws.md tells it: templates, commands as printed, and nothing that is installed.

Whatever the steps name is read from the document: stacks, templates, the SuffixID. What the console does is done by
boto3: https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/cfn-using-console-create-stack.html
"""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
import textwrap
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.cloudformation import templates
from tests.local_server import REGION, ROOT, wait_for
from tests.releases.house import House

SUFFIX, PRINTED_SUFFIX = "local", "acme"
"""The reader chooses; the rest of these tests calls it `local`."""
MOST_BYTES = 1_000_000
"""Of a template in a bucket: https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/cloudformation-limits.html."""


@dataclass(frozen=True)
class Step:
    """A step of the document: the stack that it creates, if it names a template, and the commands that it prints."""

    template: str
    stack: str
    parameters: dict[str, str]
    commands: str


def steps() -> list[Step]:
    """The steps with something to do, in their order."""
    text = (ROOT / "docs" / "aws.md").read_text(encoding="utf-8").replace(PRINTED_SUFFIX, SUFFIX)
    listed = re.split(r"(?m)^\d+\. ", text.split("\n## From the console\n")[1].split("\n## ")[0])[1:]
    return [step for step in map(_step, listed) if step.template or step.commands]


def _step(text: str) -> Step:
    commands = re.findall(r"(?ms)^   ```sh\n(.*?)^   ```$", text)
    words = " ".join(re.sub(r"(?ms)^   ```sh\n.*?^   ```$", "", text).split("\n\nSteps ")[0].split())
    template = re.search(r"`cloudformation/(\w+)\.yml`", words)
    stack = re.search(r"Stack name `([^`]+)`", words)
    return Step(
        template[1] if template else "",
        stack[1] if stack else "",
        dict(re.findall(r"(SuffixID) `([^`]+)`", words)),
        "".join(textwrap.dedent(each) for each in commands),
    )


def launch(house: House, *, checks_have_passed: bool = False) -> str:
    """Do all steps; returns the release that the last stack has started. It waits for its approval in the end.

    With `checks_have_passed`, Build finds noted that it has nothing to check.
    """
    house.server.up()
    _commit(house)
    for step in steps():
        if step.template:
            create(house, step)
        if step.commands:
            _run(house, step.commands)
        if checks_have_passed and step.template == "setup":
            house.note_checks()
    return str(wait_for(lambda: [e["pipelineExecutionId"] for e in house.executions()], "the first release")[0])


def create(house: House, step: Step) -> None:
    """Create a stack with those parameters alone that have no default."""
    declared = templates.load(step.template)["Parameters"]
    assert step.parameters.keys() == {name for name, parameter in declared.items() if "Default" not in parameter}
    cloudformation = house.client("cloudformation")
    cloudformation.create_stack(
        StackName=step.stack,
        TemplateURL=_uploaded(house, f"{step.template}.yml"),
        Parameters=[{"ParameterKey": name, "ParameterValue": value} for name, value in step.parameters.items()],
        Capabilities=["CAPABILITY_IAM"],
    )
    _settled(cloudformation, step.stack, "CREATE_COMPLETE")


def change(house: House, stack: str, **parameters: str) -> None:
    """Update a stack with its own template and other values of some parameters, as *Use existing template* does."""
    cloudformation = house.client("cloudformation")
    there = cloudformation.describe_stacks(StackName=stack)["Stacks"][0]["Parameters"]
    given: list[dict[str, Any]] = [
        {"ParameterKey": name, "ParameterValue": parameters[name]}
        if name in parameters
        else {"ParameterKey": name, "UsePreviousValue": True}
        for name in (item["ParameterKey"] for item in there)
    ]
    cloudformation.update_stack(
        StackName=stack, UsePreviousTemplate=True, Parameters=given, Capabilities=["CAPABILITY_IAM"]
    )
    _settled(cloudformation, stack, "UPDATE_COMPLETE")


def _settled(cloudformation: Any, stack: str, wanted: str) -> None:
    def status() -> str:
        found = str(cloudformation.describe_stacks(StackName=stack)["Stacks"][0]["StackStatus"])
        return "" if found.endswith("_IN_PROGRESS") else found

    found = wait_for(status, f"stack {stack}", 120)
    events = cloudformation.describe_stack_events(StackName=stack)["StackEvents"] if found != wanted else []
    assert found == wanted, [e["ResourceStatusReason"] for e in events if "ResourceStatusReason" in e]


def _uploaded(house: House, name: str) -> str:
    """The address of a template in the bucket that the console makes for templates."""
    body = (house.root / "cloudformation" / name).read_bytes()
    assert len(body) <= MOST_BYTES
    s3, bucket = house.client("s3"), f"cf-templates-0a1b2c3d4e5f-{REGION}"
    if bucket not in [each["Name"] for each in s3.list_buckets()["Buckets"]]:
        s3.create_bucket(Bucket=bucket)
    s3.put_object(Bucket=bucket, Key=name, Body=body)
    return f"{house.server.url}/{bucket}/{name}"


def _commit(house: House) -> None:
    """Make of the checkout what a clone of this repository is."""
    who = ("-c", "user.name=a test", "-c", "user.email=a-test@example.com")
    for arguments in (("init", "-q"), ("add", "--all"), (*who, "commit", "-q", "-m", "Slipway")):
        subprocess.run(["git", *arguments], cwd=house.root, env=_environment(house), check=True)


def _run(house: House, commands: str) -> None:
    """Run commands as printed, and end with the first one that fails."""
    done = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", commands],
        cwd=house.root,
        env=_environment(house),
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr


def _environment(house: House) -> dict[str, str]:
    """A shell of CloudShell's: git, the AWS CLI, a Region and credentials. CodeCommit's address leads to local AWS."""
    home = house.root / ".slipway" / "home"
    settings = home / ".gitconfig"
    if not settings.exists():
        (home / "bin").mkdir(parents=True)
        codecommit = f"https://git-codecommit.{REGION}.amazonaws.com/"
        settings.write_text(
            f"[include]\n\tpath = {house.server.state / 'gitconfig'}\n"
            f'[url "{house.server.url}/"]\n\tinsteadOf = {codecommit}\n',
            encoding="utf-8",
        )
        aws = home / "bin" / "aws"
        cli = Path(__file__).with_name("aws_cli.py")
        command = shlex.join([sys.executable, str(cli)])
        aws.write_text(f'#!/bin/sh\nexec {command} "$@"\n', encoding="utf-8")
        aws.chmod(0o755)
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("AWS_", "GIT_"))}
    return {
        **kept,
        "HOME": str(home),
        "PATH": f"{home / 'bin'}:{os.environ['PATH']}",
        "TMPDIR": str(home),
        "AWS_REGION": REGION,
        "AWS_DEFAULT_REGION": REGION,
        "AWS_ENDPOINT_URL": house.server.url,
        "AWS_ACCESS_KEY_ID": house.server.root.access_key_id,
        "AWS_SECRET_ACCESS_KEY": house.server.root.secret_access_key,
        "GIT_CONFIG_NOSYSTEM": "1",
        "GIT_TERMINAL_PROMPT": "0",
    }


def cli_commands() -> list[tuple[dict[str, str], dict[str, str]]]:
    """Each `aws cloudformation deploy` of the document: its options by name, and the stack's parameters."""
    text = (ROOT / "docs" / "aws.md").read_text(encoding="utf-8").replace("\\\n", " ")
    found = []
    for line in re.findall(r"(?m)^ +aws cloudformation deploy (.*)$", text):
        words = shlex.split(line)
        cut = words.index("--parameter-overrides")
        options = dict(zip(words[:cut:2], words[1:cut:2], strict=True))
        found.append((options, dict(word.split("=", 1) for word in words[cut + 1 :])))
    return found
