"""What docs/aws.md prints of a launch without Slipway; the launch itself is made by test_code.py."""

from __future__ import annotations

import subprocess

import pytest
from slipway.project import REPOSITORY_FOLDERS, Project
from slipway.repositories.staging import repository_files
from slipway.stacks.templates import MAX_INLINE_BYTES

from tests.cloudformation import templates
from tests.releases import console
from tests.releases.house import MODEL


def test_the_steps_are_two_stacks_with_code_and_data_between() -> None:
    first, between, last = console.steps()
    assert (first.template, first.stack) == ("setup", f"slipway-setup-{console.SUFFIX}")
    assert (last.template, last.stack) == ("pipeline", f"slipway-pipeline-{console.SUFFIX}-{MODEL}")
    assert (first.commands, last.commands, between.template) == ("", "", "")
    assert between.commands.count("\npush ") == len(REPOSITORY_FOLDERS)
    # Nothing but git and the AWS CLI: CloudShell has no newer Python than 3.9 and no package of this repository.
    assert "python" not in between.commands
    assert "pip" not in between.commands.replace("pipeline", "")


def test_what_is_pushed_is_what_slipway_publishes() -> None:
    """The commands as printed, with functions in place of their own that print the paths."""
    commands = console.steps()[1].commands
    pushes = commands[commands.index("\npush ") : commands.index("# The sample data")]
    listing = 'git ls-files --cached --others --exclude-standard -- "$@" | tr "\\n" " "'
    functions = f'part() {{ {listing}; }}; push() {{ echo "$1 $2"; }}'
    done = subprocess.run(
        ["bash", "-euc", f"{functions}\n{pushes}"], cwd=templates.ROOT, capture_output=True, text=True, check=True
    )
    pushed = {name.replace("-", "_"): files for name, *files in (line.split() for line in done.stdout.splitlines())}
    assert pushed.pop("training_config") == ["HEAD:training_config"]
    published = {folder: sorted(repository_files(Project(templates.ROOT), folder)) for folder in pushed}
    assert {folder: sorted(files) for folder, files in pushed.items()} == published
    assert {*pushed, "training_config"} == set(REPOSITORY_FOLDERS)


OF_A_RELEASE = ("setup", "pipeline")


def test_the_commands_of_the_cli_name_what_has_no_default() -> None:
    commands = console.cli_commands()
    assert [options["--template-file"] for options, _ in commands] == [
        templates.path(name).relative_to(templates.ROOT).as_posix() for name in OF_A_RELEASE
    ]
    for (options, parameters), name in zip(commands, OF_A_RELEASE, strict=True):
        template = templates.load(name)
        needed = {key for key, parameter in template["Parameters"].items() if "Default" not in parameter}
        assert parameters == dict.fromkeys(needed, console.PRINTED_SUFFIX)
        # https://docs.aws.amazon.com/cli/latest/reference/cloudformation/deploy/
        assert ("--s3-bucket" in options) is (templates.path(name).stat().st_size > MAX_INLINE_BYTES)
        roles = templates.of_type(template, "AWS::IAM::Role")
        assert options.get("--capabilities") == ("CAPABILITY_IAM" if roles else None)
        assert not any("RoleName" in role["Properties"] for role in roles.values()), "needs CAPABILITY_NAMED_IAM"


@pytest.mark.parametrize("template", templates.NAMES)
def test_a_template_is_not_larger_than_a_bucket_may_hold(template: str) -> None:
    assert templates.path(template).stat().st_size <= console.MOST_BYTES
