"""Which page of the console shows a resource of a stack.

What `Ref` returns, which is the physical id, is of each type's own kind:
https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-template-resource-type-ref.html
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field

from slipway.console.shell import at
from slipway.session import Session

_REPOSITORY = "AWS::CodeCommit::Repository"


def _last(arn: str) -> str:
    """The name at the end of an ARN, or the name itself."""
    return arn.rpartition("/")[2] if "/" in arn else arn.rpartition(":")[2]


def _stack(arn: str) -> str:
    return at("stacks", arn.rpartition(":stack/")[2].partition("/")[0], id=arn)


_PAGES: Mapping[str, Callable[[str], str]] = {
    "AWS::CloudFormation::Stack": _stack,
    "AWS::CodeBuild::Project": lambda name: at("logs", group=f"/aws/codebuild/{name}"),
    "AWS::Lambda::Function": lambda name: at("logs", group=f"/aws/lambda/{name}"),
    "AWS::Logs::LogGroup": lambda name: at("logs", group=name),
    "AWS::S3::Bucket": lambda name: at("buckets", name),
    "AWS::SageMaker::Endpoint": lambda arn: at("endpoints", _last(arn)),
    "AWS::StepFunctions::StateMachine": lambda arn: at("workflows", _last(arn)),
}


@dataclass(frozen=True, slots=True)
class Pages:
    """The pages of resources; `begin` is how the names of the installation's pipelines begin."""

    begin: str
    repositories: Mapping[str, str] = field(default_factory=dict)
    """The names of repositories by their ids, which are their physical ids."""

    def of(self, kind: str, physical: str) -> str | None:
        """Return the address of the page of a resource; None if the console has none, or it does not exist yet."""
        if not physical:
            return None
        if kind == "AWS::CodePipeline::Pipeline":
            return at("models", physical.removeprefix(self.begin)) if physical.startswith(self.begin) else None
        if kind == _REPOSITORY:
            name = self.repositories.get(physical)
            return at("repositories", name) if name else None
        page = _PAGES.get(kind)
        return page(physical) if page else None


def pages_of(session: Session, kinds: Collection[str]) -> Pages:
    """Return the pages of resources of these types."""
    begin = f"slipway-{session.names.suffix}-"
    if _REPOSITORY not in kinds:
        return Pages(begin)
    listed = session.client("codecommit").list_repositories()["repositories"]
    return Pages(begin, {one["repositoryId"]: one["repositoryName"] for one in listed})
