"""What imagespec.yml calls: make the image of a config's Dockerfile, push it, and judge its scan.

    python -m slipway_build.image FOLDER      of the training configs; writes the image's digest to build/image-digest

The tag is the hash of the model's folder, so an image that exists is not made again. Its scan is judged each time, as
findings come to be known later, and acceptances change.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from botocore.exceptions import BotoCoreError, ClientError
from botocore.session import Session

from pipeline_lambdas.config.model import Container
from pipeline_lambdas.config.parsing import ConfigError, parse_config
from pipeline_lambdas.release.affected import config_file, program_folder
from pipeline_lambdas.release.image_tags import image_tag
from slipway_build.engine import build_and_push
from slipway_build.errors import BuildError
from slipway_build.plan import FOLDER, NOTHING_NEW
from slipway_build.scan import Registry

DIGEST = FOLDER / "image-digest"


@dataclass(frozen=True)
class Settings:
    """The project's environment variables: the model, and the address of the repository of its images."""

    model: str
    repository: str


def read_settings(environment: Mapping[str, str]) -> Settings:
    """The settings; BuildError names all variables that are missing."""
    names = ("MODEL_NAME", "IMAGE_REPOSITORY")
    missing = [name for name in names if not environment.get(name)]
    if missing:
        raise BuildError(
            f"The environment of the build lacks {', '.join(missing)}.",
            "The project sets them: cloudformation/pipeline.yml",
        )
    return Settings(*(environment[name] for name in names))


def make(settings: Settings, configs: Path, registry: Registry) -> str:
    """Return the digest of the image of the model's config, made and scanned; `none` if no Dockerfile makes one."""
    file = config_file(settings.model)
    container = _container(configs / file, file)
    if container is None or container.dockerfile is None:
        sys.stdout.write(f"{file}: {'names an image' if container else 'has no container'}; there is none to build\n")
        return NOTHING_NEW
    folder = configs / program_folder(settings.model)
    files = folder_files(folder)
    if container.dockerfile not in files:
        raise BuildError(
            f"{program_folder(settings.model)}{container.dockerfile}: found no such file; {file} names it under "
            "container.dockerfile.",
            "Push it.",
        )
    tag = image_tag(container.dockerfile, files)
    if registry.find(tag) is None:
        address = f"{settings.repository}:{tag}"
        build_and_push(address, folder, container.dockerfile, registry.password())
    else:
        sys.stdout.write(f"{tag}: the image of these files exists\n")
    return registry.judge(tag, container.accepted)


def folder_files(folder: Path) -> dict[str, bytes]:
    """The files below a folder by name, as an archive of the source has them."""
    return {
        path.relative_to(folder).as_posix(): path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()
    }


def _container(path: Path, file: str) -> Container | None:
    try:
        return parse_config(path.read_bytes(), file).container
    except FileNotFoundError:
        raise BuildError(f"{file}: found no such file in the repository of the training configs.", "Push it.") from None
    except ConfigError as error:
        raise BuildError(str(error)) from None


def main(arguments: Sequence[str], root: Path) -> int:
    """Do it; 0 if that was done, 1 for what somebody can fix, 2 for a wrong call."""
    if len(arguments) != 1:
        sys.stderr.write("usage: python -m slipway_build.image FOLDER\n")
        return 2
    try:
        settings = read_settings(os.environ)
        registry = Registry(Session().create_client("ecr"), settings.repository.partition("/")[2])
        digest = make(settings, Path(arguments[0]), registry)
    except (BuildError, BotoCoreError, ClientError) as error:
        sys.stderr.write(f"{error}\n")
        return 1
    (root / FOLDER).mkdir(exist_ok=True)
    (root / DIGEST).write_text(digest, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:], Path.cwd()))
