"""What `make template` makes of parts; that the template is what its own give, tests/cloudformation holds."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml
from upkeep.template import HEADER, PARTS, SHARED, main

from tests.cloudformation import templates

PIPELINE = PARTS["pipeline"]
TEMPLATES = {"pipeline": PIPELINE, "workflows": ("base.yml",)}
RELEASE = """# What stands above the sections of a part is for those who edit it.
Description: A test

Resources:
  # A resource of the first part.
  FirstLogGroup: !LogGroup /aws/lambda/first

Outputs:
  First:
    Value: !Ref FirstLogGroup
"""
SHORTHAND = """# What every part may use.
Shorthand:
  LogGroup: |
    Type: AWS::Logs::LogGroup
    Condition: <rest>
    Properties:
      LogGroupName: !Sub <name>
"""
STAGES = """Shorthand:
  Assumed: |
    AssumeRolePolicyDocument: {}
    # The rest is the role's own.
    Path: /
  Run: |
    PolicyName: run
    Log: !GetAtt <Name>FunctionLogGroup.Arn
  Both: |
    - f-<each>
    - f-<each>:*
  Objects: |
    !Sub
    - ${Bucket}/<rest>
    - Bucket: <name>

Mappings:
  Inline:
    # <inline> written by a test
    # </inline>

Resources:
  SecondLogGroup: !LogGroup ${SuffixID}-second HasProd
  SecondFunctionRole:
    Type: AWS::IAM::Role
    Properties:
      Include: !Assumed
      Policies:
        - !Run train-model
        - Resource: !Objects data a b
        - !Objects model c
        - Resource: !Both a b
"""
OPERATIONS = """Mappings:
  Console:
    aws: {Domain: example.com}

Resources:
  Third: {Type: AWS::SNS::Topic}
"""
WORKFLOWS = """Resources:
  Machine:
    Type: AWS::StepFunctions::StateMachine
    Properties:
      DefinitionString: !File workflows/one.asl.json
      RoleArn: !GetAtt Role.Arn
  Log: !LogGroup machine
"""
DEFINITION = """{
  "Comment": "!LogGroup of nothing",

  "States": {}
}
"""
EXPECTED_WORKFLOWS = f"""{HEADER.format("workflows")}Resources:
  Machine:
    Type: AWS::StepFunctions::StateMachine
    Properties:
      DefinitionString: |
        {{
          "Comment": "!LogGroup of nothing",

          "States": {{}}
        }}
      RoleArn: !GetAtt Role.Arn
  Log:
    Type: AWS::Logs::LogGroup
    Properties:
      LogGroupName: !Sub machine
"""
EXPECTED = f"""{HEADER.format("pipeline")}Description: A test

Mappings:
  Inline:
    # <inline> written by a test
    Say:
      Source: |
        print("!Run")

        print()
    # </inline>
  Console:
    aws: {{Domain: example.com}}

Resources:
  # A resource of the first part.
  FirstLogGroup:
    Type: AWS::Logs::LogGroup
    Properties:
      LogGroupName: !Sub /aws/lambda/first

  SecondLogGroup:
    Type: AWS::Logs::LogGroup
    Condition: HasProd
    Properties:
      LogGroupName: !Sub ${{SuffixID}}-second
  SecondFunctionRole:
    Type: AWS::IAM::Role
    Properties:
      AssumeRolePolicyDocument: {{}}
      # The rest is the role's own.
      Path: /
      Policies:
        - PolicyName: run
          Log: !GetAtt TrainModelFunctionLogGroup.Arn
        - Resource: !Sub
            - ${{Bucket}}/a b
            - Bucket: data
        - !Sub
          - ${{Bucket}}/c
          - Bucket: model
        - Resource:
            - f-a
            - f-b
            - f-a:*
            - f-b:*

  Third: {{Type: AWS::SNS::Topic}}

Outputs:
  First:
    Value: !Ref FirstLogGroup
"""


@pytest.fixture
def template(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The path of a template that is to be written, with its parts beside it."""
    monkeypatch.setattr("upkeep.template.PARTS", TEMPLATES)
    folder = tmp_path / "cloudformation"
    files = {
        "functions/say.py": 'print("!Run")\n\nprint()\n',
        SHARED: SHORTHAND,
        **{f"pipeline/{name}": text for name, text in zip(PIPELINE, (RELEASE, STAGES, OPERATIONS), strict=True)},
        **{f"workflows/{name}": text for name, text in zip(TEMPLATES["workflows"], (WORKFLOWS,), strict=True)},
        "../workflows/one.asl.json": DEFINITION,
    }
    for name, text in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text, encoding="utf-8")
    return folder / "pipeline.yml"


def test_the_parts_become_one_template(template: Path) -> None:
    assert main(template.parent) == 0
    written = template.read_text(encoding="utf-8")
    assert written == EXPECTED
    policies = templates.parse(written)["Resources"]["SecondFunctionRole"]["Properties"]["Policies"]
    assert policies[2] == {"Fn::Sub": ["${Bucket}/c", {"Bucket": "model"}]}


@pytest.mark.parametrize(
    ("part", "old", "new", "message"),
    [
        (0, "Outputs:", "Output:", "release.yml: found a section Output; allowed: AWSTemplateFormatVersion, "),
        (1, "- !Run train-model", "- !Run", "stages.yml: - !Run: !Run takes a name"),
        (
            1,
            "- !Run train-model",
            "- [!Run train-model]",
            "stages.yml: - [!Run train-model]: !Run has its line to itself",
        ),
        (1, "  Assumed: |", " Assumed: [", "while parsing"),
        (1, "# </inline>", "", "found no block between # <inline> and # </inline>"),
    ],
)
def test_a_part_that_cannot_be_put_together_is_told(
    template: Path, part: int, old: str, new: str, message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    path = template.with_suffix("") / PIPELINE[part]
    path.write_text(path.read_text(encoding="utf-8").replace(old, new), encoding="utf-8")
    assert main(template.parent) == 1
    assert message in capsys.readouterr().err
    assert not template.exists()


def test_a_missing_part_is_told(template: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (template.with_suffix("") / "operations.yml").unlink()
    assert main(template.parent) == 1
    assert "operations.yml: not found; the template has the parts release.yml, " in capsys.readouterr().err


def test_a_file_of_the_checkout_becomes_a_text(template: Path) -> None:
    assert main(template.parent) == 0
    written = template.with_name("workflows.yml").read_text(encoding="utf-8")
    assert written == EXPECTED_WORKFLOWS
    machine = templates.parse(written)["Resources"]["Machine"]["Properties"]
    assert machine["DefinitionString"] == DEFINITION


def test_a_missing_file_of_the_checkout_is_told(template: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (template.parents[1] / "workflows" / "one.asl.json").unlink()
    assert main(template.parent) == 1
    assert "!File workflows/one.asl.json: found no file workflows/one.asl.json" in capsys.readouterr().err


@pytest.mark.parametrize("template", PARTS)
def test_each_part_of_a_template_is_a_mapping_of_sections_that_a_person_can_read(template: str) -> None:
    folder = templates.FOLDER / template
    assert {path.name for path in folder.iterdir()} == set(PARTS[template])
    for name in PARTS[template]:
        text = (folder / name).read_text(encoding="utf-8")
        assert isinstance(yaml.compose(text), yaml.MappingNode)
        assert len(text.splitlines()) < 1700, name
