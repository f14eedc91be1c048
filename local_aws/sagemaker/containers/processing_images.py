"""The images whose programs local AWS runs with this machine's Python.

The tags of scikit-learn are those that SageMaker's SDK knows
(https://docs.aws.amazon.com/sagemaker/latest/dg/pre-built-docker-containers-scikit-learn-spark.html,
https://github.com/aws/sagemaker-python-sdk). All run with the versions of scikit-learn, numpy and scipy that are
installed here.
"""

from __future__ import annotations

from local_aws.sagemaker.containers.registry import UnknownImageError, parse_image

REPOSITORY = "sagemaker-scikit-learn"
TAGS = tuple(f"{version}-cpu-py3" for version in ("1.4-2", "1.2-1", "1.0-1", "0.23-1", "0.20.0"))


def check(uri: str) -> None:
    """Raise UnknownImageError for an image that is not run; the message lists the known ones."""
    image = parse_image(uri)
    if image.repository == REPOSITORY and (image.tag in TAGS or (image.tag is None and image.digest is not None)):
        return
    raise UnknownImageError(f"image {uri!r} is not run locally; known: {REPOSITORY} with tag {', '.join(TAGS)}")
