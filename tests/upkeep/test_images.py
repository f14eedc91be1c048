"""What `make images` does with an SDK; that the template is as the real one says, `make check` compares."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from slipway.errors import SlipwayError
from upkeep.images import PARTITIONS, accounts, main

from pipeline_lambdas.algorithms.table import ALGORITHMS
from tests.cloudformation import templates

REGISTRIES = {
    "us-gov-west-1": "414596584902",
    "eu-central-1": "492215442770",
    "cn-north-1": "450853457545",
    "us-iso-east-1": "833128469047",
}
OTHER_REGISTRIES = {
    "eu-central-1": "664544806723",
    "us-gov-west-1": "226302683700",
    "cn-north-1": "390948362332",
    "us-east-1": "382416733822",
}
ENTRY = {"repository": "sagemaker-xgboost", "registries": REGISTRIES}
OTHER_ENTRY = {"repository": "linear-learner", "registries": OTHER_REGISTRIES}
TEMPLATE = """Rules:
  Contains:
            # <regions> as they were
            - [us-east-1]
            # </regions>
Mappings:
  SageMakerImages:
    # <accounts> as they were
    us-east-1: {Account: '000000000000'}
    # </accounts>
  Other: {}
Environment:
  Registries:
    # <registries> as they were
    - nothing
    # </registries>
One:
  # <repositories> as they were
  # </repositories>
Two:
    Deeper:
      # <repositories> as they were
      - nothing
      # </repositories>
"""


def sdk_documents() -> dict[str, Any]:
    """What the SDK's files hold: scopes apart, or once for both where they have the same images."""
    versions = dict.fromkeys(ALGORITHMS["xgboost"].image.versions, ENTRY)
    older = {"1": {"repository": "xgboost", "registries": {"eu-central-1": "813361260812"}}}
    document = {scope: {"versions": {**older, **versions}} for scope in ("training", "inference")}
    other = {"scope": ["inference", "training"], "versions": {"1": OTHER_ENTRY}}
    copied: dict[str, Any] = json.loads(json.dumps({"xgboost": document, "linear-learner": other}))
    return copied


@pytest.fixture
def template(tmp_path: Path) -> Path:
    path = tmp_path / "pipeline.yml"
    path.write_text(TEMPLATE, encoding="utf-8")
    return path


@pytest.fixture
def sdk(tmp_path: Path) -> Path:
    """A folder as `pip install --target` leaves it."""
    folder = tmp_path / "sdk"
    files = folder / "sagemaker" / "core" / "image_uri_config"
    files.mkdir(parents=True)
    for name, document in sdk_documents().items():
        (files / f"{name}.json").write_text(json.dumps(document), encoding="utf-8")
    information = folder / "sagemaker_core-1.2.3.dist-info"
    information.mkdir()
    (information / "METADATA").write_text("Metadata-Version: 2.1\nName: sagemaker-core\nVersion: 1.2.3\n")
    return folder


def _of_account(text: str, key: str) -> dict[str, Any]:
    account = {"Fn::FindInMap": ["SageMakerImages", {"Ref": "AWS::Region"}, key]}
    return {"Fn::Sub": [text, {"Account": account}]}


_ARN = "arn:${AWS::Partition}:ecr:${AWS::Region}:${Account}:repository/"
REPOSITORIES = [
    _of_account(f"{_ARN}sagemaker-xgboost", "Xgboost"),
    _of_account(f"{_ARN}linear-learner", "LinearLearner"),
]


def test_only_the_blocks_are_written(sdk: Path, template: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([str(sdk), "--check"], template) == 1
    assert "pipeline.yml: SageMaker's images are not those of" in capsys.readouterr().err
    assert template.read_text(encoding="utf-8") == TEMPLATE
    assert main([str(sdk)], template) == 0
    written = template.read_text(encoding="utf-8")
    # Regions that have the images of all algorithms.
    assert templates.parse(written) == {
        "Rules": {"Contains": [["cn-north-1", "eu-central-1", "us-gov-west-1"]]},
        "Mappings": {
            "SageMakerImages": {
                "cn-north-1": {"Xgboost": "450853457545", "LinearLearner": "390948362332"},
                "eu-central-1": {"Xgboost": "492215442770", "LinearLearner": "664544806723"},
                "us-gov-west-1": {"Xgboost": "414596584902", "LinearLearner": "226302683700"},
            },
            "Other": {},
        },
        "Environment": {
            "Registries": [
                _of_account("xgboost=${Account}.dkr.ecr.${AWS::Region}.${AWS::URLSuffix}", "Xgboost"),
                _of_account("linear-learner=${Account}.dkr.ecr.${AWS::Region}.${AWS::URLSuffix}", "LinearLearner"),
            ]
        },
        "One": REPOSITORIES,
        "Two": {"Deeper": REPOSITORIES},
    }
    kept = [line for line in TEMPLATE.splitlines() if "us-east-1" not in line and "nothing" not in line]
    assert [line for line in kept if line not in written.splitlines()] == []
    assert main([str(sdk), "--check"], template) == 0


def test_the_partitions_are_those_that_the_template_knows() -> None:
    assert set(PARTITIONS) == set(templates.load("pipeline")["Mappings"]["Console"])


def _without(document: dict[str, Any]) -> None:
    del document["xgboost"]["inference"]["versions"]["3.2-0"]


def _repository(document: dict[str, Any]) -> None:
    document["xgboost"]["training"]["versions"]["1.7-1"]["repository"] = "xgboost"


def _tag(document: dict[str, Any]) -> None:
    document["xgboost"]["training"]["versions"]["1.7-1"]["processors"] = ["cpu"]


def _other(document: dict[str, Any]) -> None:
    document["linear-learner"]["versions"]["1"]["repository"] = "learner"


def _account(document: dict[str, Any]) -> None:
    document["xgboost"]["inference"]["versions"]["3.0-5"]["registries"]["eu-central-1"] = "000000000000"


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (_without, "inference version 3.2-0 is missing"),
        (_repository, "training version 1.7-1 is another image than REGISTRY/sagemaker-xgboost:1.7-1"),
        (_tag, "training version 1.7-1 is another image than REGISTRY/sagemaker-xgboost:1.7-1"),
        (_other, "linear-learner.json of sagemaker-core: training version 1 is another image than "),
        (_account, "inference version 3.0-5 has accounts of its own"),
    ],
)
def test_an_sdk_that_contradicts_the_functions_is_refused(change: Any, message: str) -> None:
    document = sdk_documents()
    change(document)
    with pytest.raises(SlipwayError, match=message):
        accounts(document)


def test_a_missing_sdk_or_marker_is_told(
    sdk: Path, template: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([], template) == 2
    assert main([str(tmp_path / "empty")], template) == 1
    assert "found no distribution sagemaker-core there. Install it: make images" in capsys.readouterr().err
    template.write_text(TEMPLATE.replace("# </regions>", ""), encoding="utf-8")
    assert main([str(sdk)], template) == 1
    assert "found no block between # <regions> and # </regions>" in capsys.readouterr().err
