"""What `make images` does with an SDK; that the template is as the real one says, `make check` compares."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import yaml
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
ENTRY = {"repository": "sagemaker-xgboost", "registries": REGISTRIES}
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
"""


def sdk_document() -> dict[str, Any]:
    versions = dict.fromkeys(ALGORITHMS["xgboost"].versions, ENTRY)
    older = {"1": {"repository": "xgboost", "registries": {"eu-central-1": "813361260812"}}}
    document = {scope: {"versions": {**older, **versions}} for scope in ("training", "inference")}
    copied: dict[str, Any] = json.loads(json.dumps(document))
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
    file = folder / "sagemaker" / "core" / "image_uri_config" / "xgboost.json"
    file.parent.mkdir(parents=True)
    file.write_text(json.dumps(sdk_document()), encoding="utf-8")
    information = folder / "sagemaker_core-1.2.3.dist-info"
    information.mkdir()
    (information / "METADATA").write_text("Metadata-Version: 2.1\nName: sagemaker-core\nVersion: 1.2.3\n")
    return folder


def test_only_the_two_blocks_are_written(sdk: Path, template: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([str(sdk), "--check"], template) == 1
    assert "pipeline.yml: the accounts of SageMaker's images are not those of" in capsys.readouterr().err
    assert template.read_text(encoding="utf-8") == TEMPLATE
    assert main([str(sdk)], template) == 0
    written = template.read_text(encoding="utf-8")
    assert yaml.safe_load(written) == {
        "Rules": {"Contains": [["cn-north-1", "eu-central-1", "us-gov-west-1"]]},
        "Mappings": {
            "SageMakerImages": {
                "cn-north-1": {"Account": "450853457545"},
                "eu-central-1": {"Account": "492215442770"},
                "us-gov-west-1": {"Account": "414596584902"},
            },
            "Other": {},
        },
    }
    kept = [line for line in TEMPLATE.splitlines() if "us-east-1" not in line]
    assert [line for line in kept if line not in written.splitlines()] == []
    assert main([str(sdk), "--check"], template) == 0


def test_the_partitions_are_those_that_the_template_knows() -> None:
    assert set(PARTITIONS) == set(templates.load("pipeline")["Mappings"]["Console"])


def _without(document: dict[str, Any]) -> None:
    del document["inference"]["versions"]["3.2-0"]


def _repository(document: dict[str, Any]) -> None:
    document["training"]["versions"]["1.7-1"]["repository"] = "xgboost"


def _tag(document: dict[str, Any]) -> None:
    document["training"]["versions"]["1.7-1"]["processors"] = ["cpu"]


def _account(document: dict[str, Any]) -> None:
    document["inference"]["versions"]["3.0-5"]["registries"]["eu-central-1"] = "000000000000"


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (_without, "inference version 3.2-0 is missing"),
        (_repository, "training version 1.7-1 is another image than REGISTRY/sagemaker-xgboost:1.7-1"),
        (_tag, "training version 1.7-1 is another image than REGISTRY/sagemaker-xgboost:1.7-1"),
        (_account, "inference version 3.0-5 has accounts of its own"),
    ],
)
def test_an_sdk_that_contradicts_the_functions_is_refused(change: Any, message: str) -> None:
    document = sdk_document()
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
    assert "found 0 blocks between # <regions> and # </regions>" in capsys.readouterr().err
