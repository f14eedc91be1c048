from __future__ import annotations

import re
import subprocess
import sys

import pytest

from local_aws.sagemaker.containers import registry

XGBOOST = "683313688378.dkr.ecr.us-east-1.amazonaws.com/sagemaker-xgboost"


def test_a_known_image_leads_to_its_algorithm() -> None:
    entry = registry.find(f"{XGBOOST}:3.2-0")
    algorithm = entry.load()
    assert callable(algorithm.train)
    assert callable(algorithm.serve)


def test_a_digest_means_the_newest_version() -> None:
    assert registry.find(f"{XGBOOST}@sha256:{'0' * 64}").repository == "sagemaker-xgboost"


@pytest.mark.parametrize(
    ("uri", "message"),
    [
        ("111122223333.dkr.ecr.us-east-1.amazonaws.com/mine:1", "is not run locally; known repositories: "),
        (f"{XGBOOST}:9.9-9", "has the unknown tag '9.9-9'; known: sagemaker-xgboost with tag 3.2-0, 3.0-5, "),
        (XGBOOST, "has no tag; known: "),
        ("not an image", "is not an image URI: expected <account>.dkr.ecr."),
    ],
)
def test_an_unknown_image_is_refused_with_what_is_known(uri: str, message: str) -> None:
    with pytest.raises(registry.UnknownImageError, match=re.escape(message)):
        registry.find(uri)


def test_an_image_is_taken_apart() -> None:
    image = registry.parse_image(f"{XGBOOST}:1.7-1")
    assert (image.registry, image.repository, image.tag) == (
        "683313688378.dkr.ecr.us-east-1.amazonaws.com",
        "sagemaker-xgboost",
        "1.7-1",
    )


def test_metric_definitions_find_the_value_on_a_log_line() -> None:
    definitions = dict(registry.find(f"{XGBOOST}:3.2-0").metric_definitions)
    line = "[12]#011train-rmse:0.93570#011validation-rmse:0.53422"
    for name, value in (("train:rmse", "0.93570"), ("validation:rmse", "0.53422")):
        match = re.search(definitions[name], line)
        assert match is not None
        assert match[1] == value
    assert re.search(definitions["validation:rmsle"], line) is None


def test_the_table_does_not_import_the_libraries() -> None:
    code = (
        "import sys; import local_aws.sagemaker.containers.registry, local_aws.sagemaker.containers.parent;"
        "sys.exit(any(name in sys.modules for name in ('numpy', 'scipy', 'xgboost')))"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False, timeout=60).returncode == 0
