"""The accounts that hold SageMaker's XGBoost image, from AWS's own SDK into cloudformation/pipeline.yml.

    python -m upkeep.images FOLDER            writes the mapping and the Regions between their markers
    python -m upkeep.images FOLDER --check    compares them; exit code 1 if they differ

FOLDER is where the distribution sagemaker-core of the SageMaker Python SDK is installed. Its file is read and the SDK
never imported: https://github.com/aws/sagemaker-python-sdk, sagemaker-core/src/sagemaker/core/image_uri_config
"""

from __future__ import annotations

import json
import sys
import textwrap
from collections.abc import Mapping, Sequence
from importlib.metadata import distributions
from pathlib import Path
from typing import Any

from botocore.session import Session
from slipway.errors import SlipwayError
from slipway.project import find_project, shown

from pipeline_lambdas.algorithms.table import ALGORITHMS

PARTITIONS = ("aws", "aws-cn", "aws-us-gov")
"""Those whose consoles and domains the template knows; the SDK has accounts for AWS's secret Regions as well."""

_DISTRIBUTION, _FILE = "sagemaker-core", "sagemaker/core/image_uri_config/xgboost.json"
_SCOPES = ("training", "inference")
_IN_TAG = ("processors", "py_versions", "tag_prefix")
_LINE = 118


def installed_document(folder: Path) -> dict[str, Any]:
    """What the SDK in `folder` says about XGBoost's images. SlipwayError if it is not there."""
    for distribution in distributions(name=_DISTRIBUTION, path=[str(folder)]):
        document: dict[str, Any] = json.loads(Path(str(distribution.locate_file(_FILE))).read_text(encoding="utf-8"))
        return document
    raise SlipwayError(f"{shown(folder)}: found no distribution {_DISTRIBUTION} there.", "Install it: make images")


def accounts(document: Mapping[str, Any]) -> dict[str, str]:
    """Region to account, sorted, of the versions that a training config may name; they share one account.

    SlipwayError if one of them is missing, has another repository or tag than `pipeline_lambdas.algorithms.table` gives
    it, or other accounts than the first.
    """
    xgboost, session = ALGORITHMS["xgboost"], Session()
    found: dict[str, str] | None = None
    for scope in _SCOPES:
        for version in xgboost.versions:
            entry = document[scope]["versions"].get(version)
            if entry is None:
                raise _unlike(scope, version, "is missing")
            if entry["repository"] != xgboost.repository or any(entry.get(name) for name in _IN_TAG):
                raise _unlike(scope, version, f"is another image than {xgboost.image_uri('REGISTRY', version)}")
            if entry["registries"] != (found or entry["registries"]):
                raise _unlike(scope, version, "has accounts of its own, and the template has one for all versions")
            found = entry["registries"]
    regions = sorted(found or {})
    return {
        region: (found or {})[region] for region in regions if session.get_partition_for_region(region) in PARTITIONS
    }


def rewritten(template: str, found: Mapping[str, str]) -> str:
    """The template with both blocks as they have to be. SlipwayError if a marker is missing."""
    mapping = "".join(f"    {region}: {{Account: '{account}'}}\n" for region, account in found.items())
    listed = textwrap.fill(
        f"- [{', '.join(found)}]",
        _LINE,
        initial_indent=" " * 12,
        subsequent_indent=" " * 15,
        break_on_hyphens=False,
    )
    return between(between(template, "regions", f"{listed}\n"), "accounts", mapping)


def between(template: str, name: str, block: str) -> str:
    """The template with other lines between the markers of a name. SlipwayError if they are not there once."""
    lines = template.splitlines(keepends=True)
    starts = [number for number, line in enumerate(lines) if line.strip().startswith(f"# <{name}>")]
    ends = [number for number, line in enumerate(lines) if line.strip() == f"# </{name}>"]
    if len(starts) != 1 or len(ends) != 1 or starts[0] > ends[0]:
        count = min(len(starts), len(ends))
        raise SlipwayError(f"pipeline.yml: found {count} blocks between # <{name}> and # </{name}>; one is needed.")
    return "".join([*lines[: starts[0] + 1], block, *lines[ends[0] :]])


def _unlike(scope: str, version: str, what: str) -> SlipwayError:
    return SlipwayError(
        f"{_FILE} of {_DISTRIBUTION}: {scope} version {version} {what}.",
        "See pipeline_lambdas/algorithms/table.py, which names the versions.",
    )


def main(arguments: Sequence[str], template: Path) -> int:
    """Write or compare; 0 if the template is or was made as the SDK says, 1 if not, 2 for a wrong call."""
    folders = [argument for argument in arguments if argument != "--check"]
    if len(folders) != 1:
        sys.stderr.write("usage: python -m upkeep.images FOLDER [--check]\n")
        return 2
    try:
        written = template.read_text(encoding="utf-8")
        wanted = rewritten(written, accounts(installed_document(Path(folders[0]))))
    except SlipwayError as error:
        sys.stderr.write(f"{error.message} {error.next_step}".rstrip() + "\n")
        return 1
    if "--check" not in arguments:
        template.write_text(wanted, encoding="utf-8")
        return 0
    if written != wanted:
        sys.stderr.write(
            f"{shown(template)}: the accounts of SageMaker's images are not those of {_DISTRIBUTION}. Write them anew: "
            "make images\n"
        )
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:], find_project().template("pipeline.yml")))
