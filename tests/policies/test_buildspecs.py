"""Buildspecs have the form that CodeBuild takes."""

from __future__ import annotations

import pytest
import yaml

from tests.cloudformation.templates import ROOT
from tests.policies.buildspecs import problems

FILES = sorted(ROOT.glob("*spec.yml"))
GOOD = """
version: 0.2
env:
  variables: {A: b}
  exported-variables: [UPDATED]
phases:
  install: {runtime-versions: {python: 3.13}}
  build:
    on-failure: ABORT
    commands: [make check, "echo: with a colon"]
    finally: [rm -f left]
artifacts: {files: ["**/*"], base-directory: build}
"""


def test_buildspecs_of_the_repository() -> None:
    assert [file.name for file in FILES] == ["buildspec.yml", "checkspec.yml", "imagespec.yml"]
    found = {str(file): problems(yaml.safe_load(file.read_text(encoding="utf-8"))) for file in FILES}
    assert found == {str(file): [] for file in FILES}


def test_a_good_one_has_no_problems() -> None:
    assert problems(yaml.safe_load(GOOD)) == []


@pytest.mark.parametrize(
    ("old", "new", "problem"),
    [
        ("version: 0.2", "version: 0.1", "version: is not 0.2"),
        ("phases:", "phase:", "phases: is missing"),
        ("  build:", "  compile:", "phases.compile: is not known"),
        ("commands:", "command:", "phases.build.commands: is missing"),
        ("make check,", "make: check,", "phases.build.commands: is not a list of texts"),
        ("on-failure: ABORT", "on-failure: IGNORE", "phases.build.on-failure: is none of ABORT, CONTINUE, RETRY"),
        ("A: b", "CODEBUILD_A: b", "env.variables.CODEBUILD_A: is no name for a variable; CODEBUILD_ is reserved"),
        ("[UPDATED]", "[AWS_X]", "env.exported-variables: names that begin with AWS_ are not exported"),
        ('files: ["**/*"], ', "", "artifacts.files: is missing or not a list of texts"),
        ("  install:", "  pre_build:", "phases.pre_build.runtime-versions: is for install only"),
    ],
)
def test_a_problem_is_named(old: str, new: str, problem: str) -> None:
    assert GOOD.count(old) == 1
    assert problem in problems(yaml.safe_load(GOOD.replace(old, new)))
