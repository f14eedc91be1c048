"""What the template knows of SageMaker's images: their accounts, from AWS's own SDK, and their repositories.

    python -m upkeep.images FOLDER            writes the blocks between their markers in a part of the template
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
from typing import Any

from botocore.session import Session
from slipway.errors import SlipwayError
from slipway.project import find_project, shown

from pipeline_lambdas.algorithms.algorithm import Algorithm
from pipeline_lambdas.algorithms.table import ALGORITHMS
from upkeep.template import MARKED, between

PARTITIONS = ("aws", "aws-cn", "aws-us-gov")
"""Those whose consoles and domains the template knows; the SDK has accounts for AWS's secret Regions as well."""

_DISTRIBUTION, _FOLDER = "sagemaker-core", "sagemaker/core/image_uri_config"
_SCOPES = ("training", "inference")
_IN_TAG = ("processors", "py_versions", "tag_prefix")
_LINE = 118

Accounts = Mapping[str, Mapping[str, str]]
"""Region to the account of each algorithm's image, by the algorithm's key in the template's mapping."""


def installed_documents(folder: Path) -> dict[str, dict[str, Any]]:
    """What the SDK in `folder` says about the images of each algorithm. SlipwayError if it is not there."""
    for distribution in distributions(name=_DISTRIBUTION, path=[str(folder)]):
        return {
            name: json.loads(Path(str(distribution.locate_file(_file(algorithm)))).read_text(encoding="utf-8"))
            for name, algorithm in ALGORITHMS.items()
        }
    raise SlipwayError(f"{shown(folder)}: found no distribution {_DISTRIBUTION} there.", "Install it: make images")


def accounts(documents: Mapping[str, Mapping[str, Any]]) -> Accounts:
    """The accounts of all algorithms, in the Regions that have the images of all of them, sorted."""
    by_algorithm = {
        algorithm.mapping_key: _accounts(algorithm, documents[name]) for name, algorithm in ALGORITHMS.items()
    }
    session = Session()
    regions = sorted(set.intersection(*map(set, by_algorithm.values())))
    return {
        region: {key: found[region] for key, found in by_algorithm.items()}
        for region in regions
        if session.get_partition_for_region(region) in PARTITIONS
    }


def _accounts(algorithm: Algorithm, document: Mapping[str, Any]) -> dict[str, str]:
    """Region to account of the versions that a training config may name; they share one account.

    SlipwayError if one of them is missing, has another repository or tag than the algorithm gives it, or other accounts
    than the first.
    """
    found: dict[str, str] | None = None
    for scope in _SCOPES:
        # A file whose scopes have the same images tells them once.
        versions = document[scope]["versions"] if scope in document else document["versions"]
        for version in algorithm.image.versions:
            entry = versions.get(version)
            if entry is None:
                raise _unlike(algorithm, scope, version, "is missing")
            if entry["repository"] != algorithm.image.repository or any(entry.get(name) for name in _IN_TAG):
                uri = algorithm.image_uri("REGISTRY", version)
                raise _unlike(algorithm, scope, version, f"is another image than {uri}")
            if entry["registries"] != (found or entry["registries"]):
                what = "has accounts of its own, and the template has one for all versions"
                raise _unlike(algorithm, scope, version, what)
            found = entry["registries"]
    return dict(found or {})


def rewritten(template: str, found: Accounts) -> str:
    """The part of the template with all blocks as they have to be. SlipwayError if a marker is missing."""
    listed = f"- [{', '.join(found)}]"
    blocks = {
        "regions": textwrap.wrap(listed, _LINE - 12, subsequent_indent="   ", break_on_hyphens=False),
        "accounts": [f"{region}: {{{_pairs(of)}}}" for region, of in found.items()],
        "registries": _with_account(
            f"{algorithm.name}=${{Account}}.dkr.ecr.${{AWS::Region}}.${{AWS::URLSuffix}}"
            for algorithm in ALGORITHMS.values()
        ),
        "repositories": _with_account(
            f"arn:${{AWS::Partition}}:ecr:${{AWS::Region}}:${{Account}}:repository/{algorithm.image.repository}"
            for algorithm in ALGORITHMS.values()
        ),
    }
    for name, lines in blocks.items():
        template = between(template, name, lines)
    return template


def _pairs(of: Mapping[str, str]) -> str:
    return ", ".join(f"{key}: '{account}'" for key, account in of.items())


def _with_account(texts: Iterable[str]) -> list[str]:
    return [
        line
        for text, algorithm in zip(texts, ALGORITHMS.values(), strict=True)
        for line in (
            "- !Sub",
            f"  - {text}",
            f"  - Account: !FindInMap [SageMakerImages, !Ref AWS::Region, {algorithm.mapping_key}]",
        )
    ]


def _file(algorithm: Algorithm) -> str:
    return f"{_FOLDER}/{algorithm.image.registries}.json"


def _unlike(algorithm: Algorithm, scope: str, version: str, what: str) -> SlipwayError:
    return SlipwayError(
        f"{_file(algorithm)} of {_DISTRIBUTION}: {scope} version {version} {what}.",
        f"See the image of {algorithm.title} in pipeline_lambdas/algorithms.",
    )


def main(arguments: Sequence[str], template: Path) -> int:
    """Write or compare; 0 if the template is or was made as the SDK says, 1 if not, 2 for a wrong call."""
    folders = [argument for argument in arguments if argument != "--check"]
    if len(folders) != 1:
        sys.stderr.write("usage: python -m upkeep.images FOLDER [--check]\n")
        return 2
    try:
        written = template.read_text(encoding="utf-8")
        wanted = rewritten(written, accounts(installed_documents(Path(folders[0]))))
    except SlipwayError as error:
        sys.stderr.write(f"{error.message} {error.next_step}".rstrip() + "\n")
        return 1
    if "--check" not in arguments:
        template.write_text(wanted, encoding="utf-8")
        return 0
    if written != wanted:
        sys.stderr.write(
            f"{shown(template)}: SageMaker's images are not those of {_DISTRIBUTION} and of the algorithms. "
            "Write them again: make images\n"
        )
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:], find_project().template("pipeline") / MARKED))
