"""What the templates know of SageMaker's images: their accounts, from AWS's own SDK, and their repositories.

    python -m upkeep.images FOLDER            writes the blocks between their markers in parts of the templates
    python -m upkeep.images FOLDER --check    compares them; exit code 1 if they differ

FOLDER is where the distribution sagemaker-core of the SageMaker Python SDK is installed. Its files are read and the SDK
never imported: https://github.com/aws/sagemaker-python-sdk, sagemaker-core/src/sagemaker/core/image_uri_config
"""

from __future__ import annotations

import json
import sys
import textwrap
from collections.abc import Iterable, Mapping, Sequence
from importlib.metadata import distributions
from pathlib import Path
from typing import Any, NamedTuple

from botocore.session import Session
from slipway.errors import SlipwayError
from slipway.project import find_project, shown

from pipeline_lambdas.algorithms.algorithm import Image
from pipeline_lambdas.algorithms.table import ALGORITHMS
from upkeep.template import MARKED, between

PARTITIONS = ("aws", "aws-cn", "aws-us-gov")
"""Those whose consoles and domains the templates know; the SDK has accounts for AWS's secret Regions as well."""

_DISTRIBUTION, _FOLDER = "sagemaker-core", "sagemaker/core/image_uri_config"
_LINE = 118
_EVERYWHERE = ("regions", "accounts")
"""The blocks that each part has."""
_CPU = "-cpu-py3"
_OF_CPU = {"processors": ["cpu"], "py_versions": ["py3"]}
"""What a tag ends with if the SDK makes it of a version, a processor and a Python."""
_IN_TAG = ("processors", "py_versions", "tag_prefix")

Accounts = Mapping[str, Mapping[str, str]]
"""Region to the account of each image, by the image's key in the template's mapping."""


_TRAINING = ("training",)
_BOTH = ("training", "inference")


class Known(NamedTuple):
    """An image that a template knows; `key` is that of its account in the template's mapping."""

    name: str
    key: str
    image: Image
    where: str
    """The file that gives the image its repository and versions."""
    scopes: tuple[str, ...] = _BOTH
    """What the image is used for, as the SDK tells it apart; it has processing under training."""

    @property
    def file(self) -> str:
        return f"{_FOLDER}/{self.image.registries}.json"


RELEASES = tuple(
    # One image of a framework trains and serves, and the SDK does not list each of them for both.
    Known(
        name,
        algorithm.mapping_key,
        algorithm.image,
        "pipeline_lambdas/algorithms",
        _BOTH if algorithm.target else _TRAINING,
    )
    for name, algorithm in ALGORITHMS.items()
    if algorithm.image.registries
)
"""The images of the algorithms that a training config may name."""
_HERE = "scripts/upkeep/images.py"
WORKFLOWS = (
    Known("xgboost", "Xgboost", Image("sagemaker-xgboost", ("3.2-0",), "xgboost"), _HERE),
    Known(
        "scikit-learn", "ScikitLearn", Image("sagemaker-scikit-learn", ("1.4-2",), "sklearn", _CPU), _HERE, _TRAINING
    ),
    Known("blazingtext", "Blazingtext", Image("blazingtext", ("1",), "blazingtext"), _HERE),
    Known(
        "image-classification",
        "ImageClassification",
        Image("image-classification", ("1",), "image-classification"),
        _HERE,
    ),
)
"""The images of the Step Functions workflows; their parts of the template name the tags."""
IMAGES: Mapping[str, tuple[Known, ...]] = dict(zip(MARKED, (RELEASES, WORKFLOWS), strict=True))
"""Each part of a template that lists images."""


def installed_documents(folder: Path, images: Iterable[Known]) -> dict[str, dict[str, Any]]:
    """What the SDK in `folder` says about each image, by its key. SlipwayError if it is not there."""
    for distribution in distributions(name=_DISTRIBUTION, path=[str(folder)]):
        return {
            known.key: json.loads(Path(str(distribution.locate_file(known.file))).read_text(encoding="utf-8"))
            for known in images
        }
    raise SlipwayError(f"{shown(folder)}: found no distribution {_DISTRIBUTION} there.", "Install it: make images")


def accounts(documents: Mapping[str, Mapping[str, Any]], images: Iterable[Known]) -> Accounts:
    """The accounts of images, in the Regions that have all of them, sorted."""
    by_image = {known.key: _accounts(known, documents[known.key]) for known in images}
    session = Session()
    regions = sorted(set.intersection(*map(set, by_image.values())))
    return {
        region: {key: found[region] for key, found in by_image.items()}
        for region in regions
        if session.get_partition_for_region(region) in PARTITIONS
    }


def _accounts(known: Known, document: Mapping[str, Any]) -> dict[str, str]:
    """Region to account of all versions of an image, which share one account.

    SlipwayError if one of them is missing, has another repository or tag than is known, or other accounts than the
    first.
    """
    found: dict[str, str] | None = None
    for scope in known.scopes:
        # A file whose scopes have the same images tells them once.
        versions = document[scope]["versions"] if scope in document else document["versions"]
        for tag in known.image.tags:
            entry = versions.get(tag) or versions.get(tag.removesuffix(_CPU))
            if entry is None:
                raise _unlike(known, scope, tag, "is missing")
            in_tag = {name: entry[name] for name in _IN_TAG if entry.get(name)}
            if entry["repository"] != known.image.repository or in_tag != (_OF_CPU if tag.endswith(_CPU) else {}):
                raise _unlike(known, scope, tag, f"is another image than {known.image.repository}:{tag}")
            if entry["registries"] != (found or entry["registries"]):
                what = "has accounts of its own, and the template has one for all versions"
                raise _unlike(known, scope, tag, what)
            found = entry["registries"]
    return dict(found or {})


def rewritten(template: str, found: Accounts, images: Sequence[Known]) -> str:
    """A part of a template with all its blocks as they have to be. SlipwayError if half of a marker is missing."""
    listed = f"- [{', '.join(found)}]"
    blocks = {
        "regions": textwrap.wrap(listed, _LINE - 12, subsequent_indent="   ", break_on_hyphens=False),
        "accounts": [f"{region}: {{{_pairs(of)}}}" for region, of in found.items()],
        "registries": _with_account(images, "{0.name}=${{Account}}.dkr.ecr.${{AWS::Region}}.${{AWS::URLSuffix}}"),
        "repositories": _with_account(
            images, "arn:${{AWS::Partition}}:ecr:${{AWS::Region}}:${{Account}}:repository/{0.image.repository}"
        ),
    }
    for name, lines in blocks.items():
        if name in _EVERYWHERE or f"# <{name}>" in template:
            template = between(template, name, lines)
    return template


def _pairs(of: Mapping[str, str]) -> str:
    return ", ".join(f"{key}: '{account}'" for key, account in of.items())


def _with_account(images: Iterable[Known], text: str) -> list[str]:
    return [
        line
        for known in images
        for line in (
            "- !Sub",
            f"  - {text.format(known)}",
            f"  - Account: !FindInMap [SageMakerImages, !Ref AWS::Region, {known.key}]",
        )
    ]


def _unlike(known: Known, scope: str, version: str, what: str) -> SlipwayError:
    return SlipwayError(
        f"{known.file} of {_DISTRIBUTION}: {scope} version {version} {what}.", f"See {known.name} in {known.where}."
    )


def main(arguments: Sequence[str], templates: Path) -> int:
    """Write or compare; 0 if the templates are or were made as the SDK says, 1 if not, 2 for a wrong call."""
    folders = [argument for argument in arguments if argument != "--check"]
    if len(folders) != 1:
        sys.stderr.write("usage: python -m upkeep.images FOLDER [--check]\n")
        return 2
    try:
        wanted = {templates / part: _wanted(templates / part, Path(folders[0]), IMAGES[part]) for part in IMAGES}
    except SlipwayError as error:
        sys.stderr.write(f"{error.message} {error.next_step}".rstrip() + "\n")
        return 1
    differing = [path for path, text in wanted.items() if path.read_text(encoding="utf-8") != text]
    if "--check" not in arguments:
        for path in differing:
            path.write_text(wanted[path], encoding="utf-8")
        return 0
    for path in differing:
        sys.stderr.write(
            f"{shown(path)}: SageMaker's images are not those of {_DISTRIBUTION} and of the algorithms. "
            "Write them again: make images\n"
        )
    return 1 if differing else 0


def _wanted(part: Path, sdk: Path, images: Sequence[Known]) -> str:
    found = accounts(installed_documents(sdk, images), images)
    return rewritten(part.read_text(encoding="utf-8"), found, images)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:], find_project().template("")))
