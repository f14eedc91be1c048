"""What `make template` makes of parts; that the template is what its own give, tests/cloudformation holds."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml
from upkeep.template import HEADER, PARTS, main

from tests.cloudformation import templates

RELEASE = """# What stands above the sections of a part is for those who edit it.
Description: A test

Resources:
  # A resource of the first part.
  FirstLogGroup: !LogGroup /aws/lambda/first

Outputs:
  First:
    Value: !Ref FirstLogGroup
"""
STAGES = """Shorthand:
  LogGroup: |
    Type: AWS::Logs::LogGroup
    Condition: <rest>
    Properties:
      LogGroupName: !Sub <name>
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
EXPECTED = f"""{HEADER}Description: A test

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
def template(tmp_path: Path) -> Path:
    """The path of a template that is to be written, with its parts beside it."""
    (tmp_path / "functions").mkdir()
    (tmp_path / "functions" / "say.py").write_text('print("!Run")\n\nprint()\n', encoding="utf-8")
    (tmp_path / "pipeline").mkdir()
    for name, text in zip(PARTS, (RELEASE, STAGES, OPERATIONS), strict=True):
        (tmp_path / "pipeline" / name).write_text(text, encoding="utf-8")
    return tmp_path / "pipeline.yml"


def test_the_parts_become_one_template(template: Path) -> None:
    assert main(template) == 0
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
        (1, "  LogGroup: |", " LogGroup: [", "while parsing"),
        (1, "# </inline>", "", "found no block between # <inline> and # </inline>"),
    ],
)
def test_a_part_that_cannot_be_put_together_is_told(
    template: Path, part: int, old: str, new: str, message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    path = template.with_suffix("") / PARTS[part]
    path.write_text(path.read_text(encoding="utf-8").replace(old, new), encoding="utf-8")
    assert main(template) == 1
    assert message in capsys.readouterr().err
    assert not template.exists()


def test_a_missing_part_is_told(template: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (template.with_suffix("") / "operations.yml").unlink()
    assert main(template) == 1
    assert "operations.yml: not found; the template has the parts release.yml, " in capsys.readouterr().err


def test_each_part_of_the_pipeline_s_template_is_a_mapping_of_sections_that_a_person_can_read() -> None:
    folder = templates.FOLDER / "pipeline"
    assert {path.name for path in folder.iterdir()} == set(PARTS)
    for name in PARTS:
        text = (folder / name).read_text(encoding="utf-8")
        assert isinstance(yaml.compose(text), yaml.MappingNode)
        assert len(text.splitlines()) < 1700, name
