"""The images that run a user's script, the toolkits in them, and the versions of what they contain.

Repositories and tags: https://docs.aws.amazon.com/sagemaker/latest/dg-ecr-paths/sagemaker-algo-docker-registry-paths.html.
Versions: the Dockerfiles and tests of https://github.com/aws/sagemaker-xgboost-container and
https://github.com/aws/sagemaker-scikit-learn-container; where they do not pin one, it is not listed.
"""

from __future__ import annotations

import importlib.util
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from local_aws.sagemaker.containers import processing_images, registry
from local_aws.sagemaker.containers.registry import Image, UnknownImageError, parse_image

PROGRAM = "sagemaker_program"
"""The hyperparameter, and in capitals the variable, that names the script."""

Purpose = Literal["train", "serve"]
_PYTORCH_TAG = re.compile(r"(?P<version>\d+\.\d+(?:\.\d+)?)-(?:cpu|gpu)-py3\d*(?:-[\w.-]+)?")
_OLD = {"numpy": "<2"}
"""Which numpy older images have is not known, only that they were built for numpy 1."""
_SCIKIT_LEARN = {
    "1.4-2": {"scikit-learn": "1.4.2", "numpy": "2.1.0", "pyarrow": "17.0.0"},
    "1.2-1": {"scikit-learn": "1.2.1", **_OLD},
    "1.0-1": {"scikit-learn": "1.0.2", **_OLD},
    "0.23-1": {"scikit-learn": "0.23.2", **_OLD},
    "0.20.0": {"scikit-learn": "0.20.0", **_OLD},
}
_XGBOOST = {
    "3.2-0": {"xgboost": "3.2.0", "numpy": "2.1.0", "pandas": "2.2.3", "scipy": "1.15.0", "scikit-learn": "1.8.0"},
    "3.0-5": {"xgboost": "3.0.5", "numpy": "2.1.0", "pandas": "2.2.3"},
    "1.7-1": {"xgboost": "1.7.4", **_OLD},
    "1.5-1": {"xgboost": "1.5.2", **_OLD},
    "1.3-1": {"xgboost": "1.3.3", **_OLD},
    "1.2-2": {"xgboost": "1.2.0", **_OLD},
}


@dataclass(frozen=True)
class Framework:
    """One image repository.

    library          the module without which the image cannot run here
    legacy           whether the script runs by sagemaker-containers, in place of the newer sagemaker-training-toolkit
    wrapped          whether a failed script is a `framework error`: scikit-learn's image has both toolkits, and the
                     outer one does not know the inner one's errors
    captures_errors  whether the failure quotes what the script wrote to standard error
    own_metrics      whether a request's metric definitions are read; SageMaker gives XGBoost's image its own
    """

    repository: str
    library: str
    purposes: tuple[Purpose, ...] = ("train", "serve")
    versions: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    legacy: bool = False
    wrapped: bool = False
    captures_errors: bool = False
    own_metrics: bool = True


XGBOOST = Framework("sagemaker-xgboost", "xgboost", versions=_XGBOOST, legacy=True, own_metrics=False)
SCIKIT_LEARN = Framework(processing_images.REPOSITORY, "sklearn", versions=_SCIKIT_LEARN, wrapped=True)
PYTORCH_TRAINING = Framework("pytorch-training", "torch", ("train",), captures_errors=True)
PYTORCH_INFERENCE = Framework("pytorch-inference", "torch", ("serve",))
TABLE = {known.repository: known for known in (XGBOOST, SCIKIT_LEARN, PYTORCH_TRAINING, PYTORCH_INFERENCE)}


class NotInstalledError(Exception):
    """The image's library is not installed here; the message says what to do."""


def of_image(uri: str) -> Framework:
    """The framework of an image that is known to run a script. Raises KeyError for any other."""
    return TABLE[parse_image(uri).repository]


def to_train(uri: str, hyperparameters: Mapping[str, str], environment: Mapping[str, str]) -> Framework | None:
    """The framework, if a training job runs a script; None for a built-in algorithm.

    XGBoost's image runs the built-in algorithm unless a program is named
    (https://github.com/aws/sagemaker-xgboost-container, training.py). Raises UnknownImageError.
    """
    return _find(uri, "train", named=PROGRAM in hyperparameters or PROGRAM.upper() in environment)


def to_serve(uri: str, environment: Mapping[str, str]) -> Framework | None:
    """The framework, if a model is served by a script; None for a built-in algorithm. Raises UnknownImageError."""
    return _find(uri, "serve", named=PROGRAM.upper() in environment)


def require(framework: Framework | None) -> None:
    """Raise NotInstalledError if this Python lacks the framework's library."""
    if framework is not None and importlib.util.find_spec(framework.library) is None:
        raise NotInstalledError(
            f"the image {framework.repository} on this machine, whose Python has no {framework.library}: install it "
            f"into the environment of local AWS (pip install {framework.library}) and start local AWS again"
        )


def versions(uri: str) -> Mapping[str, str]:
    """The known versions of an image's packages, by the names of their distributions; `<2` is a bound."""
    image = parse_image(uri)
    if image.repository.startswith("pytorch-"):
        found = _PYTORCH_TAG.fullmatch(image.tag or "")
        return {"torch": found["version"]} if found else {}
    known = TABLE[image.repository].versions
    version = (image.tag or next(iter(known))).removesuffix("-cpu-py3")
    return known.get(version, {})


def _find(uri: str, purpose: Purpose, *, named: bool) -> Framework | None:
    image = parse_image(uri)
    framework = TABLE.get(image.repository)
    if framework is None or framework is XGBOOST:
        try:
            registry.find(uri)
        except UnknownImageError as error:
            raise UnknownImageError(f"{error}; to run a script: {_known(purpose)}") from None
        return framework if named else None
    if purpose not in framework.purposes or not _has_tag(framework, image):
        raise UnknownImageError(f"image {uri!r} is not run locally to {purpose}; known: {_known(purpose)}")
    return framework


def _has_tag(framework: Framework, image: Image) -> bool:
    if image.tag is None:
        return image.digest is not None
    if framework is SCIKIT_LEARN:
        return image.tag in processing_images.TAGS
    return _PYTORCH_TAG.fullmatch(image.tag) is not None


def _known(purpose: Purpose) -> str:
    pytorch = next(name for name in ("pytorch-training", "pytorch-inference") if purpose in TABLE[name].purposes)
    return (
        f"{SCIKIT_LEARN.repository} with tag {', '.join(processing_images.TAGS)}; {pytorch} with a tag such as "
        "2.6.0-cpu-py312"
    )
