"""Finds the local algorithm for an image URI.

Importing this module is cheap: the algorithms, and with them numpy and XGBoost, are imported when needed.
Image names: https://docs.aws.amazon.com/sagemaker/latest/dg-ecr-paths/sagemaker-algo-docker-registry-paths.html
"""

from __future__ import annotations

import importlib
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, cast

from local_aws.sagemaker.containers.blazingtext.metric_names import METRIC_DEFINITIONS as BLAZINGTEXT_METRICS
from local_aws.sagemaker.containers.image_classification.metric_names import (
    METRIC_DEFINITIONS as IMAGE_CLASSIFICATION_METRICS,
)
from local_aws.sagemaker.containers.linear_learner.metric_names import METRIC_DEFINITIONS as LINEAR_LEARNER_METRICS
from local_aws.sagemaker.containers.xgboost.metric_names import METRIC_DEFINITIONS as XGBOOST_METRICS
from local_aws.sagemaker.containers.xgboost.tunable import TUNABLE as XGBOOST_TUNABLE

if TYPE_CHECKING:
    from local_aws.sagemaker.containers.contract import Algorithm, MetricDefinitions

_URI = re.compile(
    r"(?:(?P<registry>[^/\s]+)/)?(?P<repository>[a-z0-9][a-z0-9._/-]*)"
    r"(?::(?P<tag>[A-Za-z0-9_][A-Za-z0-9_.-]*))?(?:@(?P<digest>sha256:[0-9a-f]{64}))?"
)


class UnknownImageError(ValueError):
    """There is no local algorithm for this image. The message lists the images that have one."""


@dataclass(frozen=True)
class Image:
    """The parts of an image URI; `registry` is `<account>.dkr.ecr.<region>.<suffix>`."""

    registry: str | None
    repository: str
    tag: str | None
    digest: str | None


@dataclass(frozen=True)
class Entry:
    """One image repository that local AWS knows.

    `tags` are the versions that it accepts, newest first. All of them run the newest: the rules, log lines and
    responses are those of the first tag. `tunable` are the hyperparameters that a tuning job may search; empty where
    nothing is checked.
    """

    repository: str
    module: str
    tags: tuple[str, ...]
    metric_definitions: MetricDefinitions
    tunable: tuple[str, ...] = ()

    def load(self) -> Algorithm:
        """Import the algorithm and its libraries."""
        return cast("Algorithm", importlib.import_module(self.module))


# Versions before 1.2-2 answer CSV in one line and are deprecated, so they are not in the list.
TABLE: dict[str, Entry] = {
    entry.repository: entry
    for entry in (
        Entry(
            repository="sagemaker-xgboost",
            module="local_aws.sagemaker.containers.xgboost.algorithm",
            tags=("3.2-0", "3.0-5", "1.7-1", "1.5-1", "1.3-1", "1.2-2"),
            metric_definitions=XGBOOST_METRICS,
            tunable=XGBOOST_TUNABLE,
        ),
        Entry(
            repository="linear-learner",
            module="local_aws.sagemaker.containers.linear_learner.algorithm",
            tags=("1",),
            metric_definitions=LINEAR_LEARNER_METRICS,
        ),
        Entry(
            repository="blazingtext",
            module="local_aws.sagemaker.containers.blazingtext.algorithm",
            tags=("1", "latest"),
            metric_definitions=BLAZINGTEXT_METRICS,
        ),
        Entry(
            repository="image-classification",
            module="local_aws.sagemaker.containers.image_classification.algorithm",
            tags=("1", "latest"),
            metric_definitions=IMAGE_CLASSIFICATION_METRICS,
        ),
    )
}


def parse_image(uri: str) -> Image:
    """Parse an image URI. Raises UnknownImageError if it is not valid."""
    match = _URI.fullmatch(uri)
    if match is None:
        raise UnknownImageError(
            f"{uri!r} is not an image URI: expected <account>.dkr.ecr.<region>.<suffix>/<repository>:<tag>"
        )
    return Image(match["registry"], match["repository"], match["tag"], match["digest"])


def find(uri: str) -> Entry:
    """Return the entry of an image URI.

    A URI with a digest instead of a tag means the newest version. Raises UnknownImageError, whose message shows the
    URI and lists the known images.
    """
    image = parse_image(uri)
    entry = TABLE.get(image.repository)
    if entry is None:
        raise UnknownImageError(f"image {uri!r} is not run locally; known repositories: {_known()}")
    if image.tag is None and image.digest is None:
        raise UnknownImageError(f"image {uri!r} has no tag; known: {_known()}")
    if image.tag is not None and image.tag not in entry.tags:
        raise UnknownImageError(f"image {uri!r} has the unknown tag {image.tag!r}; known: {_known()}")
    return entry


def _known() -> str:
    return "; ".join(f"{entry.repository} with tag {', '.join(entry.tags)}" for entry in TABLE.values())
