"""Reads the section `container` of a training config: an image of a team's own.

https://docs.aws.amazon.com/sagemaker/latest/dg/your-algorithms.html
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from pipeline_lambdas.algorithms.algorithm import Algorithm
from pipeline_lambdas.config import schema
from pipeline_lambdas.config.model import Container
from pipeline_lambdas.config.reader import Reader
from pipeline_lambdas.config.rules import describe, finding
from pipeline_lambdas.config.scripts import check_answers, read_metrics

NAME = "container"
# https://docs.aws.amazon.com/AmazonECR/latest/APIReference/API_ImageScanFinding.html
_FINDING = re.compile(r"[A-Z][A-Z0-9]*-[A-Za-z0-9.-]{1,100}")
_LONGEST_REASON, _MOST_ACCEPTED = 500, 100


def read_container(reader: Reader, top: Mapping[str, Any], problem: str | None) -> Container | None:
    """Return the container; None without one or after a problem was noted."""
    if NAME not in top:
        return None
    for other in ("features", "script"):
        if other in top:
            reader.problem(NAME, f"found with {other}; expected one of them, as the image's own program does all")
    values = reader.section(top[NAME], NAME, schema.CONTAINER, ["metrics", "accepted"])
    if not isinstance(top[NAME], dict):
        return None
    check_answers(reader, NAME, values.get("answers"), problem)
    metrics = read_metrics(reader, NAME, values.get("metrics", {}))
    accepted = _accepted(reader, values.get("accepted", {}))
    given = [name for name in ("dockerfile", "image") if name in top[NAME]]
    if len(given) != 1:
        reader.problem(
            NAME, f"found {' and '.join(given) or 'neither dockerfile nor image'}; expected one of dockerfile, image"
        )
    if "answers" not in values:
        return None
    return Container(values["answers"], values.get("dockerfile"), values.get("image"), metrics, accepted)


def check_container(reader: Reader, algorithm: Algorithm, top: Mapping[str, Any]) -> None:
    """Note a section `container` with another algorithm, and what the algorithm of that name lacks or has too much."""
    is_own, given, versioned = algorithm.name == NAME, NAME in top, "version" in top["algorithm"]
    if given and not is_own:
        reader.problem(NAME, f"found with {algorithm.name}; allowed with algorithm: {{name: {NAME}}}")
    if is_own and not given:
        reader.problem(NAME, "missing; expected a mapping with answers, and dockerfile or image")
    if is_own and versioned:
        reader.problem("algorithm.version", f"found with {NAME}; its image is named by dockerfile or image alone")
    if not is_own and not versioned:
        reader.problem("algorithm.version", f"missing; expected {', '.join(algorithm.image.versions)}")


def _accepted(reader: Reader, found: object) -> dict[str, str]:
    path = f"{NAME}.accepted"
    if not isinstance(found, dict) or len(found) > _MOST_ACCEPTED:
        reader.problem(path, f"{finding(found)}; expected a mapping of at most {_MOST_ACCEPTED} findings to reasons")
        return {}
    for name, reason in found.items():
        if not isinstance(name, str) or not _FINDING.fullmatch(name):
            reader.problem(path, f"found {describe(name)}; expected the name of a finding, such as CVE-2024-3094")
        elif not isinstance(reason, str) or not 1 <= len(reason.strip()) <= _LONGEST_REASON:
            reader.problem(
                f"{path}.{name}",
                f"{finding(reason)}; expected why it does no harm here, in 1 to {_LONGEST_REASON} characters",
            )
    return {str(name): str(reason) for name, reason in found.items()}
