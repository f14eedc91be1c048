"""Which instances with a GPU a config may ask for, by its algorithm and version."""

from __future__ import annotations

from typing import Any

import pytest
import yaml

from pipeline_lambdas.algorithms.table import ALGORITHMS
from pipeline_lambdas.algorithms.xgboost_gpus import families
from pipeline_lambdas.config.accelerators import accelerator_of
from pipeline_lambdas.config.parsing import ConfigError, parse_config
from tests.pipeline_lambdas.aws_doubles import plain_document
from tests.pipeline_lambdas.scripts import script_document

LINEAR = {"algorithm": {"name": "linear-learner", "version": 1}, "hyperparameters": {"predictor_type": "regressor"}}


def problems_of(document: dict[str, Any], **training: Any) -> list[str]:
    changed = {**document, "training": {**document["training"], **training}}
    try:
        parse_config(yaml.safe_dump(changed), "m.yml")
    except ConfigError as error:
        return [problem.removeprefix("m.yml: ") for problem in error.problems]
    return []


def xgboost(version: str, **hyperparameters: Any) -> dict[str, Any]:
    document = plain_document()
    document["algorithm"] = {"name": "xgboost", "version": version}
    document["hyperparameters"] = {**document["hyperparameters"], **hyperparameters}
    return document


@pytest.mark.parametrize(
    ("instance_type", "family"),
    [
        ("ml.g4dn.xlarge", "g4dn"),
        ("ml.p3.2xlarge", "p3"),
        ("ml.p6-b200.48xlarge", "p6-b200"),
        ("ml.gr6.4xlarge", "gr6"),
        ("ml.trn1.2xlarge", "trn1"),
        ("ml.m5.large", None),
        ("ml.c6gd.large", None),
    ],
)
def test_families_with_an_accelerator(instance_type: str, family: str | None) -> None:
    assert accelerator_of(instance_type) == family


def test_each_version_of_xgboost_has_families() -> None:
    assert families("1.2-1") == ("p2", "p3")
    assert families("1.5-1") == ("p2", "p3", "g4dn", "g5")
    assert {families(version) for version in ("1.7-1", "3.0-5", "3.2-0")} == {("p3", "g4dn", "g5")}


def test_what_can_be() -> None:
    assert problems_of(xgboost("1.7-1", tree_method="gpu_hist"), instance_type="ml.g5.xlarge") == []
    assert problems_of(xgboost("3.2-0", tree_method="hist"), instance_type="ml.g4dn.xlarge") == []
    assert problems_of(plain_document() | LINEAR, instance_type="ml.p2.xlarge") == []
    own = script_document() | {"algorithm": {"name": "xgboost", "version": "3.2-0"}}
    assert problems_of(own, instance_type="ml.g5.xlarge") == []


@pytest.mark.parametrize(
    ("document", "instance_type", "problem"),
    [
        (
            xgboost("1.7-1", tree_method="gpu_hist"),
            "ml.p2.xlarge",
            "training.instance_type: found ml.p2.xlarge, whose accelerator xgboost 1.7-1 cannot use; expected ml.p3, "
            "ml.g4dn, ml.g5, or a type without one, such as ml.m5.large",
        ),
        (
            script_document(),
            "ml.g5.xlarge",
            "training.instance_type: found ml.g5.xlarge, whose accelerator scikit-learn 1.4-2 cannot use; expected a "
            "type without one, such as ml.m5.large",
        ),
        (
            xgboost("3.0-5"),
            "ml.g5.xlarge",
            "hyperparameters.tree_method: found auto, which leaves the instance's GPU idle; expected gpu_hist in "
            "version 3.0-5",
        ),
        (
            xgboost("3.2-0", tree_method="gpu_hist"),
            "ml.g5.xlarge",
            "hyperparameters.tree_method: found gpu_hist, which 3.2-0 no longer has; expected hist, for a GPU too",
        ),
        (
            xgboost("1.7-1", tree_method="gpu_hist"),
            "ml.m5.large",
            "hyperparameters.tree_method: found gpu_hist with an instance without a GPU; expected hist, or another "
            "training.instance_type",
        ),
        (
            xgboost("3.2-0", tree_method="hist", use_dask_gpu_training="true"),
            "ml.m5.large",
            "hyperparameters.use_dask_gpu_training: found true with an instance without a GPU; expected false",
        ),
    ],
)
def test_what_cannot(document: dict[str, Any], instance_type: str, problem: str) -> None:
    assert problems_of(document, instance_type=instance_type) == [problem]


def test_dask_gives_each_instance_all_files() -> None:
    document = xgboost("1.7-1", tree_method="gpu_hist", use_dask_gpu_training="true")
    found = problems_of(document, instance_type="ml.g5.xlarge", instance_count=2, distribution="sharded")
    assert found == [
        "hyperparameters.use_dask_gpu_training: found true with training.distribution sharded; expected false"
    ]


def test_serving_on_what_the_image_cannot_use() -> None:
    document = script_document()
    document["environments"]["dev"] = {"instance_type": "ml.g5.xlarge", "instance_count": 1}
    [problem] = problems_of(document)
    assert problem.startswith("environments.dev.instance_type: found ml.g5.xlarge, whose accelerator scikit-learn")


def test_every_family_that_is_offered_has_an_accelerator() -> None:
    for algorithm in ALGORITHMS.values():
        for version in algorithm.image.versions:
            offered = algorithm.gpus.families(version) if algorithm.gpus else ()
            assert all(accelerator_of(f"ml.{family}.xlarge") == family for family in offered)
