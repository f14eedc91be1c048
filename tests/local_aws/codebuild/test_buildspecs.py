"""What a buildspec makes a build do: one table of buildspecs and how their builds end."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import pytest

from tests.local_aws.codebuild.workshop import Workshop, phases, reason

UPLOADED = ("SUCCEEDED",) * 5 + ("SUCCEEDED", "SUCCEEDED")
ALL = ("INSTALL", "PRE_BUILD", "BUILD", "POST_BUILD", "UPLOAD_ARTIFACTS", "FINALIZING")


@dataclass(frozen=True)
class Case:
    """A buildspec; the status of its build, what failed first, the phases that ran, lines that its log has or lacks."""

    spec: str
    status: str = "SUCCEEDED"
    reason: str = ""
    ran: tuple[str, ...] = ALL
    says: tuple[str, ...] = ()
    silent: tuple[str, ...] = ()
    exported: dict[str, str] = field(default_factory=dict)
    start: dict[str, Any] = field(default_factory=dict)
    project: tuple[tuple[str, str], ...] = ()


def failed(command: str, status: int = 1) -> str:
    return f"COMMAND_EXECUTION_ERROR Error while executing command: {command}. Reason: exit status {status}"


CASES = {
    "green": Case(
        """
        phases:
          install: {commands: [echo installed]}
          pre_build: {commands: [echo checked]}
          build: {commands: [echo built]}
          post_build: {commands: [echo "succeeding $CODEBUILD_BUILD_SUCCEEDING"]}
        """,
        says=("> Entering phase BUILD", "> Running command echo built", "built", "succeeding 1",
              "> Phase complete: BUILD State: SUCCEEDED", "> Phase context status code:  Message: "),
    ),
    "install fails": Case(
        "phases: {install: {commands: ['false', echo never], finally: [echo always]}, build: {commands: [echo never]}}",
        "FAILED", "INSTALL " + failed("false"), ("INSTALL", "FINALIZING"), ("always",), ("never",),
    ),
    "pre_build fails": Case(
        "phases: {pre_build: {commands: [exit 3]}, build: {commands: [echo never]}}",
        "FAILED", "PRE_BUILD " + failed("exit 3", 3), ("INSTALL", "PRE_BUILD", "FINALIZING"), (), ("never",),
    ),
    "build fails": Case(
        "{phases: {build: {commands: ['false', echo never]}, "
        "post_build: {commands: [echo $CODEBUILD_BUILD_SUCCEEDING]}}}",
        "FAILED", "BUILD " + failed("false"), ALL,
        ("0", "> Command did not exit successfully false exit status 1", "> Phase complete: BUILD State: FAILED"),
        ("never",),
    ),
    "post_build fails": Case(
        "phases: {post_build: {commands: [no-such-program]}}",
        "FAILED", "POST_BUILD " + failed("no-such-program", 127),
    ),
    "finally fails": Case(
        "phases: {build: {commands: [echo done], finally: ['false']}}", "FAILED", "BUILD " + failed("false"),
    ),
    "abort": Case(
        "phases: {build: {commands: ['false'], on-failure: ABORT}, post_build: {commands: [echo never]}}",
        "FAILED", "BUILD " + failed("false"), ("INSTALL", "PRE_BUILD", "BUILD", "FINALIZING"), (), ("never",),
    ),
    "continue": Case(
        "phases: {pre_build: {commands: ['false'], on-failure: CONTINUE}, build: {commands: [echo goes on]}}",
        "FAILED", "PRE_BUILD " + failed("false"), ALL, ("goes on",),
    ),
    "one shell": Case(
        """
        phases:
          pre_build: {commands: [mkdir here && cd here, export KEPT=kept, plain=plain, 'greet() { echo "hello $1"; }']}
          build: {commands: ['basename "$PWD"', 'echo "$KEPT $plain"', greet you]}
        """,
        says=("here", "kept plain", "hello you"),
    ),
    "bash": Case(
        """
        env: {shell: bash}
        phases: {build: {commands: ['list=(one two); echo "${list[1]}"']}}
        """,
        says=("two",),
    ),
    "several lines": Case(
        """
        phases:
          build:
            commands:
            - |
              for n in 1 2; do
                echo "line $n"
              done
              cat <<END
              $HOME_IS_OURS
              END
        """,
        says=("line 1", "line 2"),
    ),
    "a command that ends the shell keeps what was exported before": Case(
        """
        phases:
          pre_build: {commands: [export KEPT=kept; mkdir here; cd here]}
          build: {commands: [exit 1], finally: ['echo "$KEPT in $(basename "$PWD")"']}
        """,
        "FAILED", "BUILD " + failed("exit 1"), says=("kept in here",),
    ),
    "a syntax error fails its command": Case(
        "phases: {build: {commands: ['if true']}}", "FAILED", "BUILD " + failed("if true", 2),
    ),
    "nothing to read and nothing left behind": Case(
        "phases: {build: {commands: [cat, sleep 600 &, echo over]}}",
        says=("over",),
    ),
    "exported variables": Case(
        """
        env:
          variables: {GIVEN: given, CHANGED: before}
          exported-variables: [GIVEN, CHANGED, MADE, UNSET, PLAIN]
        phases:
          install: {commands: [export CHANGED=after, PLAIN=unexported]}
          post_build: {commands: ['export MADE="two  words"']}
        """,
        exported={"GIVEN": "given", "CHANGED": "after", "MADE": "two  words"},
    ),
    "precedence": Case(
        """
        env: {variables: {A: spec, B: spec, C: spec, D: "$A:x"}}
        phases: {build: {commands: ['echo "A=$A B=$B C=$C D=$D"']}}
        """,
        project=(("B", "project"), ("C", "project")),
        start={"environmentVariablesOverride": [{"name": "C", "value": "start"}, {"name": "E", "value": "start"}]},
        says=("A=spec B=project C=start D=$A:x",),
    ),
    "runtimes are the machine's": Case(
        "phases: {install: {runtime-versions: {python: 3.13}}}",
        says=("> Skipping install of runtimes. Runtime version selection is not supported by this build image.",),
    ),
    "not YAML": Case(
        "phases: [", "FAILED", "DOWNLOAD_SOURCE YAML_FILE_ERROR the project: the buildspec is not YAML: ",
        ("FINALIZING",),
    ),
    "unknown phase": Case(
        "phases: {test: {commands: [echo]}}", "FAILED",
        "DOWNLOAD_SOURCE YAML_FILE_ERROR the project: phases: found the key test; expected build, install, "
        "post_build, pre_build", ("FINALIZING",),
    ),
    "unknown key": Case(
        "phases: {build: {command: [echo]}}", "FAILED",
        "DOWNLOAD_SOURCE YAML_FILE_ERROR the project: phases.build: found the key command; expected commands, "
        "finally, on-failure", ("FINALIZING",),
    ),
    "a command that YAML takes for a mapping": Case(
        "phases: {build: {commands: [{echo a: b}]}}", "FAILED",
        "DOWNLOAD_SOURCE YAML_FILE_ERROR the project: phases.build.commands[0]: expected text, found dict; quote it if "
        "it contains ': '", ("FINALIZING",),
    ),
    "no phases": Case(
        "env: {}", "FAILED",
        "DOWNLOAD_SOURCE YAML_FILE_ERROR the project: the buildspec has no phases; it needs at least one of install, "
        "pre_build, build, post_build", ("FINALIZING",),
    ),
    "no commands": Case(
        "phases: {build: {finally: [echo]}}", "FAILED",
        "DOWNLOAD_SOURCE YAML_FILE_ERROR the project: phases.build has no commands", ("FINALIZING",),
    ),
    "a reserved name": Case(
        "{env: {variables: {CODEBUILD_MINE: x}}, phases: {build: {commands: [echo]}}}", "FAILED",
        "DOWNLOAD_SOURCE YAML_FILE_ERROR the project: env.variables.CODEBUILD_MINE: names that begin with CODEBUILD_ "
        "are reserved", ("FINALIZING",),
    ),
    "reports": Case(
        "{reports: {all: {files: ['*']}}, phases: {build: {commands: [echo]}}}", "FAILED",
        "DOWNLOAD_SOURCE YAML_FILE_ERROR the project: the buildspec: reports is not emulated by local AWS",
        ("FINALIZING",),
    ),
    "a retry": Case(
        "phases: {build: {commands: [echo], on-failure: RETRY-2}}", "FAILED",
        "DOWNLOAD_SOURCE YAML_FILE_ERROR the project: phases.build.on-failure: found RETRY-2; local AWS does not retry "
        "builds", ("FINALIZING",),
    ),
}  # fmt: skip


def _spec(text: str) -> str:
    from textwrap import dedent  # noqa: PLC0415

    body = dedent(text).strip()
    return f'{{"version": 0.2, {body[1:]}' if body.startswith("{") else f"version: 0.2\n{body}\n"


@pytest.mark.parametrize("name", CASES)
def test_a_buildspec(name: str, shared: Workshop) -> None:
    case = CASES[name]
    variables = [{"name": key, "value": value} for key, value in case.project]
    shared.environment = {"environmentVariables": variables}
    build = shared.run(_spec(case.spec), **case.start)
    lines = shared.log(build)
    assert build["buildStatus"] == case.status, lines
    found = reason(build)
    assert found == case.reason or (name == "not YAML" and found.startswith(case.reason))
    assert tuple(phases(build))[5 - 1 : -1] == case.ran
    for line in case.says:
        assert line in lines
    for line in case.silent:
        assert line not in lines
    assert {v["name"]: v["value"] for v in build["exportedEnvironmentVariables"]} == case.exported
