"""What imagespec.yml runs, against a local AWS with a stand-in for Docker."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from slipway_build import engine, image
from slipway_build.errors import BuildError
from slipway_build.scan import Registry

from pipeline_lambdas.release.image_tags import image_tag
from tests.containers.conftest import HERE, REPOSITORY, Site
from tests.local_server import ROOT
from tests.releases.house import patched

SAMPLE = (ROOT / "training_config" / "wine-quality.yml").read_text(encoding="utf-8")
CONTAINER = {
    "model": "churn",
    "problem": "binary",
    "label": {"column": "churned", "classes": ["no", "yes"]},
    "algorithm": {"name": "container"},
    "container": {"dockerfile": "Dockerfile", "answers": "probability"},
    "hyperparameters": {"positive": "yes"},
    "tests.smoke.gates": {"auc": {"min": 0.5}},
    "tests.full": {"channel": "test", "gates": {"auc": {"min": 0.5}}},
}


@pytest.fixture
def configs(tmp_path: Path) -> Path:
    """A folder of training configs with one of a container."""
    (tmp_path / "churn.yml").write_text(patched(SAMPLE, CONTAINER), encoding="utf-8")
    shutil.copytree(HERE / "model", tmp_path / "churn", ignore=shutil.ignore_patterns("__pycache__"))
    return tmp_path


def made(site: Site, configs: Path) -> str:
    return image.make(image.Settings("churn", site.address), configs, Registry(site.ecr, REPOSITORY))


def test_an_image_is_made_once_for_the_same_files(
    site: Site, configs: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    digest = made(site, configs)
    tag = image_tag("Dockerfile", image.folder_files(configs / "churn"))
    assert site.image(tag).endswith(f"@{digest}")
    assert "Local AWS does not scan images" in capsys.readouterr().out
    pushes = len(site.commands("push"))
    assert made(site, configs) == digest
    assert len(site.commands("push")) == pushes
    (configs / "churn" / "main.py").write_text("raise SystemExit\n", encoding="utf-8")
    assert made(site, configs) != digest
    assert len(site.commands("push")) == pushes + 1


def test_a_config_without_a_dockerfile_builds_none(site: Site, configs: Path) -> None:
    (configs / "churn.yml").write_text(SAMPLE.replace("model: wine-quality ", "model: churn "), encoding="utf-8")
    assert made(site, configs) == "none"


def test_a_dockerfile_that_is_missing(site: Site, configs: Path) -> None:
    (configs / "churn" / "Dockerfile").unlink()
    with pytest.raises(BuildError, match=r"churn/Dockerfile: found no such file; churn.yml names it"):
        made(site, configs)


@pytest.mark.usefixtures("no_engine")
def test_without_an_engine_it_says_so() -> None:
    with pytest.raises(BuildError, match=r"no engine that answers: Cannot connect to the Docker daemon.*Podman"):
        engine.require_engine()


def test_the_project_says_what_it_lacks() -> None:
    with pytest.raises(BuildError, match=r"lacks MODEL_NAME, IMAGE_REPOSITORY"):
        image.read_settings({})
