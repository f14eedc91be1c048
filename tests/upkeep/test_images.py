"""What `make images` does with an SDK; that the template is as the real one says, `make check` compares."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from slipway.errors import SlipwayError
from upkeep.images import PARTITIONS, RELEASES, WORKFLOWS, accounts, main
from upkeep.template import MARKED

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
CPU = {"processors": ["cpu"], "py_versions": ["py3"]}
BUILT_IN = ("blazingtext", "image-classification")
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


OF_WORKFLOWS = """Rules:
            # <regions>
            # </regions>
Mappings:
    # <accounts>
    # </accounts>
"""


def sdk_documents() -> dict[str, Any]:
    """What the SDK's files hold: scopes apart, or once for both where they have the same images."""
    versions = dict.fromkeys(ALGORITHMS["xgboost"].image.versions, ENTRY)
    older = {"1": {"repository": "xgboost", "registries": {"eu-central-1": "813361260812"}}}
    document = {scope: {"versions": {**older, **versions}} for scope in ("training", "inference")}
    other = {"scope": ["inference", "training"], "versions": {"1": OTHER_ENTRY}}
    tagged = {"repository": "sagemaker-scikit-learn", "registries": REGISTRIES, **CPU}
    documents = {
        "xgboost": document,
        "linear-learner": other,
        "sklearn": {"training": {"versions": {"1.2-1": tagged, "1.4-2": tagged}}, "inference": {"versions": {}}},
        **{name: {"versions": {"1": {**OTHER_ENTRY, "repository": name}}} for name in BUILT_IN},
    }
    copied: dict[str, Any] = json.loads(json.dumps(documents))
    return copied


@pytest.fixture
def template(tmp_path: Path) -> Path:
    """A part of the pipeline's template; that of the workflows lies in the folder beside it."""
    for part, text in zip(MARKED, (TEMPLATE, OF_WORKFLOWS), strict=True):
        (tmp_path / part).parent.mkdir()
        (tmp_path / part).write_text(text, encoding="utf-8")
    return tmp_path / MARKED[0]


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
    _of_account(f"{_ARN}sagemaker-scikit-learn", "ScikitLearn"),
    _of_account(f"{_ARN}linear-learner", "LinearLearner"),
]


def _three(frameworks: str, other: str) -> dict[str, str]:
    return {"Xgboost": frameworks, "ScikitLearn": frameworks, "LinearLearner": other}


def test_only_the_blocks_are_written(sdk: Path, template: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([str(sdk), "--check"], template.parents[1]) == 1
    assert "stages.yml: SageMaker's images are not those of" in capsys.readouterr().err
    assert template.read_text(encoding="utf-8") == TEMPLATE
    assert main([str(sdk)], template.parents[1]) == 0
    written = template.read_text(encoding="utf-8")
    # Regions that have the images of all algorithms.
    assert templates.parse(written) == {
        "Rules": {"Contains": [["cn-north-1", "eu-central-1", "us-gov-west-1"]]},
        "Mappings": {
            "SageMakerImages": {
                "cn-north-1": _three("450853457545", "390948362332"),
                "eu-central-1": _three("492215442770", "664544806723"),
                "us-gov-west-1": _three("414596584902", "226302683700"),
            },
            "Other": {},
        },
        "Environment": {
            "Registries": [
                _of_account("xgboost=${Account}.dkr.ecr.${AWS::Region}.${AWS::URLSuffix}", "Xgboost"),
                _of_account("scikit-learn=${Account}.dkr.ecr.${AWS::Region}.${AWS::URLSuffix}", "ScikitLearn"),
                _of_account("linear-learner=${Account}.dkr.ecr.${AWS::Region}.${AWS::URLSuffix}", "LinearLearner"),
            ]
        },
        "One": REPOSITORIES,
        "Two": {"Deeper": REPOSITORIES},
    }
    of_workflows = template.parents[1] / MARKED[1]
    assert templates.parse(of_workflows.read_text(encoding="utf-8"))["Mappings"]["eu-central-1"] == {
        "Xgboost": "492215442770",
        "ScikitLearn": "492215442770",
        "Blazingtext": "664544806723",
        "ImageClassification": "664544806723",
    }
    kept = [line for line in TEMPLATE.splitlines() if "us-east-1" not in line and "nothing" not in line]
    assert [line for line in kept if line not in written.splitlines()] == []
    assert main([str(sdk), "--check"], template.parents[1]) == 0


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
        (_repository, "training version 1.7-1 is another image than sagemaker-xgboost:1.7-1"),
        (_tag, "training version 1.7-1 is another image than sagemaker-xgboost:1.7-1"),
        (_other, "linear-learner.json of sagemaker-core: training version 1 is another image than "),
        (_account, "inference version 3.0-5 has accounts of its own"),
    ],
)
def test_an_sdk_that_contradicts_the_functions_is_refused(change: Any, message: str) -> None:
    document = sdk_documents()
    change(document)
    with pytest.raises(SlipwayError, match=message):
        accounts({known.key: document[known.image.registries] for known in RELEASES}, RELEASES)


@pytest.mark.parametrize(
    ("entry", "message"),
    [
        ({}, "training version 1.4-2-cpu-py3 is another image than sagemaker-scikit-learn:1.4-2-cpu-py3"),
        ({**CPU, "processors": ["gpu"]}, "is another image than sagemaker-scikit-learn:1.4-2-cpu-py3"),
        ({**CPU, "tag_prefix": "x"}, "is another image than sagemaker-scikit-learn:1.4-2-cpu-py3"),
    ],
)
def test_a_tag_is_what_the_sdk_makes_of_its_parts(entry: dict[str, Any], message: str) -> None:
    [known] = (known for known in WORKFLOWS if known.name == "scikit-learn")
    found = {"repository": known.image.repository, "registries": REGISTRIES}
    documents = {known.key: {"training": {"versions": {"1.4-2": {**found, **CPU}}}}}
    assert set(accounts(documents, [known])) == {"cn-north-1", "eu-central-1", "us-gov-west-1"}
    documents[known.key]["training"]["versions"]["1.4-2"] = {**found, **entry}
    with pytest.raises(SlipwayError, match=message):
        accounts(documents, [known])


def test_the_workflows_run_and_pull_the_images_that_are_compared_with_the_sdk() -> None:
    used: set[tuple[str, str]] = set()
    for value in templates.walk(templates.load("workflows")):
        text, extra = (
            value["Fn::Sub"] if isinstance(value, dict) and isinstance(value.get("Fn::Sub"), list) else ("", {})
        )
        if "Account" in extra:
            used.add((extra["Account"]["Fn::FindInMap"][2], text.rpartition("/")[2]))
    tagged = {(known.key, f"{known.image.repository}:{tag}") for known in WORKFLOWS for tag in known.image.tags}
    assert used == tagged | {(known.key, known.image.repository) for known in WORKFLOWS}


def test_a_missing_sdk_or_marker_is_told(
    sdk: Path, template: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([], template.parents[1]) == 2
    assert main([str(tmp_path / "empty")], template.parents[1]) == 1
    assert "found no distribution sagemaker-core there. Install it: make images" in capsys.readouterr().err
    template.write_text(TEMPLATE.replace("# </regions>", ""), encoding="utf-8")
    assert main([str(sdk)], template.parents[1]) == 1
    assert "found no block between # <regions> and # </regions>" in capsys.readouterr().err
