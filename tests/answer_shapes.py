"""Each answer of our services has the form of botocore's model: nothing that is required is missing."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

OURS = frozenset(
    (
        "codebuild",
        "codecommit",
        "codeconnections",
        "codepipeline",
        "codestar-connections",
        "ecr",
        "sagemaker",
        "stepfunctions",
    )
)
AS_AWS_ANSWERS = frozenset(
    (
        # AWS leaves it out for a version: https://github.com/aws/sagemaker-python-sdk/issues/5606
        ("DescribeModelPackage", ".ModelPackageName"),
        ("BatchDescribeModelPackage", ".ModelPackageSummaries.*.ModelPackageName"),
        ("ListModelPackages", ".ModelPackageSummaryList.*.ModelPackageName"),
        # There are none before a job has made its model.
        ("DescribeTrainingJob", ".ModelArtifacts"),
    )
)
"""Members that are required, and that AWS leaves out nevertheless."""


def check_answers(client: Any, service: str) -> None:
    """Let a client of a test fail at an answer that its model forbids."""
    if service in OURS:
        client.meta.events.register("after-call.*", _check)


def _check(http_response: Any, parsed: dict[str, Any], model: Any, **_more: Any) -> None:
    if http_response.status_code >= 300 or model.output_shape is None:
        return
    document = {key: value for key, value in parsed.items() if key != "ResponseMetadata"}
    found = missing_members(model.output_shape, document)
    missing = [path for path in found if (model.name, path) not in AS_AWS_ANSWERS]
    assert not missing, f"{model.service_model.service_name}:{model.name} answers without {', '.join(missing)}"


def missing_members(shape: Any, value: Any, path: str = "") -> Iterator[str]:
    """The paths of required members that are not there; items of lists and maps as `*`."""
    if shape.type_name == "structure":
        yield from (f"{path}.{name}" for name in shape.required_members if value.get(name) is None)
        for name, member in shape.members.items():
            if value.get(name) is not None and member.type_name in ("structure", "list", "map"):
                yield from missing_members(member, value[name], f"{path}.{name}")
    elif shape.type_name == "list":
        for item in value:
            yield from missing_members(shape.member, item, f"{path}.*")
    elif shape.type_name == "map":
        for item in value.values():
            yield from missing_members(shape.value, item, f"{path}.*")
