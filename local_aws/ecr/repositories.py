"""Repositories: https://docs.aws.amazon.com/AmazonECR/latest/APIReference/API_CreateRepository.html."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from local_aws.ecr import faults
from local_aws.ecr.images import Images
from local_aws.ecr.paging import page
from local_aws.runtime import Runtime
from local_aws.settings import ACCOUNT, HOST
from local_aws.wire import AwsError, Caller, Document

# With filters of tags, which are not emulated: such a repository would protect none.
_EMULATED = ("MUTABLE", "IMMUTABLE")
_KEPT = ("repositoryName", "imageTagMutability", "imageScanningConfiguration", "encryptionConfiguration")


def repository_arn(region: str, name: str) -> str:
    """The ARN of a repository."""
    return f"arn:aws:ecr:{region}:{ACCOUNT}:repository/{name}"


class Repositories:
    """All repositories; policies are kept, and no lifecycle policy is carried out."""

    def __init__(self, images: Images, runtime: Runtime) -> None:
        self._images, self._runtime = images, runtime

    def create(self, caller: Caller, request: Document) -> Document:
        """CreateRepository."""
        name = request["repositoryName"]
        _require_emulated(request)
        if any(one["repositoryName"] == name for one in self._images.repositories()):
            raise AwsError(
                "RepositoryAlreadyExistsException",
                f"The repository with name '{name}' already exists in the registry with id '{ACCOUNT}'",
            )
        document = {
            "repositoryName": name,
            "repositoryArn": repository_arn(caller.region, name),
            "createdAt": self._runtime.clock.now().timestamp(),
            "imageTagMutability": request.get("imageTagMutability", "MUTABLE"),
            "imageScanningConfiguration": dict(request.get("imageScanningConfiguration", {"scanOnPush": False})),
            "encryptionConfiguration": dict(request.get("encryptionConfiguration", {"encryptionType": "AES256"})),
            "tags": {tag["Key"]: tag.get("Value", "") for tag in request.get("tags", [])},
        }
        self._images.keep_repository(name, document)
        return {"repository": self._described(document)}

    def describe(self, _caller: Caller, request: Document) -> Document:
        """DescribeRepositories."""
        names = request.get("repositoryNames")
        found = [self._images.repository(name) for name in names] if names else self._images.repositories()
        described = [self._described(document) for document in found]
        return {"repositories": described} if names else page("repositories", described, request)

    def delete(self, _caller: Caller, request: Document) -> Document:
        """DeleteRepository; one with images only by force."""
        name = request["repositoryName"]
        document = self._images.repository(name)
        if self._images.images(name) and not request.get("force"):
            raise AwsError(
                "RepositoryNotEmptyException",
                f"The repository with name '{name}' in registry with id '{ACCOUNT}' cannot be deleted because it still "
                "contains images",
            )
        self._images.delete_repository(name)
        return {"repository": self._described(document)}

    def put_tag_mutability(self, _caller: Caller, request: Document) -> Document:
        """PutImageTagMutability."""
        _require_emulated(request)
        return self._changed(request, {"imageTagMutability": request["imageTagMutability"]}, "imageTagMutability")

    def put_scanning(self, _caller: Caller, request: Document) -> Document:
        """PutImageScanningConfiguration."""
        value = dict(request["imageScanningConfiguration"])
        return self._changed(request, {"imageScanningConfiguration": value}, "imageScanningConfiguration")

    def set_policy(self, _caller: Caller, request: Document) -> Document:
        """SetRepositoryPolicy."""
        return self._changed(request, {"policyText": request["policyText"]}, "policyText")

    def get_policy(self, _caller: Caller, request: Document) -> Document:
        """GetRepositoryPolicy."""
        return self._kept(request, "policyText", "RepositoryPolicyNotFoundException", "Repository policy")

    def delete_policy(self, caller: Caller, request: Document) -> Document:
        """DeleteRepositoryPolicy."""
        found = self.get_policy(caller, request)
        self._changed(request, {"policyText": None}, "policyText")
        return found

    def put_lifecycle(self, _caller: Caller, request: Document) -> Document:
        """PutLifecyclePolicy."""
        return self._changed(request, {"lifecyclePolicyText": request["lifecyclePolicyText"]}, "lifecyclePolicyText")

    def get_lifecycle(self, _caller: Caller, request: Document) -> Document:
        """GetLifecyclePolicy."""
        return self._kept(request, "lifecyclePolicyText", "LifecyclePolicyNotFoundException", "Lifecycle policy")

    def delete_lifecycle(self, caller: Caller, request: Document) -> Document:
        """DeleteLifecyclePolicy."""
        found = self.get_lifecycle(caller, request)
        self._changed(request, {"lifecyclePolicyText": None}, "lifecyclePolicyText")
        return found

    def list_tags(self, _caller: Caller, request: Document) -> Document:
        """ListTagsForResource."""
        tags = self._of_arn(request)["tags"]
        return {"tags": [{"Key": key, "Value": value} for key, value in sorted(tags.items())]}

    def tag(self, _caller: Caller, request: Document) -> None:
        """TagResource."""
        document = self._of_arn(request)
        tags = document["tags"] | {tag["Key"]: tag.get("Value", "") for tag in request["tags"]}
        self._images.keep_repository(document["repositoryName"], {**document, "tags": tags})

    def untag(self, _caller: Caller, request: Document) -> None:
        """UntagResource."""
        document = self._of_arn(request)
        tags = {key: value for key, value in document["tags"].items() if key not in request["tagKeys"]}
        self._images.keep_repository(document["repositoryName"], {**document, "tags": tags})

    def uri(self, name: str) -> str:
        """The address that Docker and Podman push to and pull from: this local AWS."""
        return f"{HOST}:{self._runtime.settings.port}/{name}"

    def _changed(self, request: Document, changes: Document, told: str) -> Document:
        name = request["repositoryName"]
        self._images.keep_repository(name, {**self._images.repository(name), **changes})
        return {"registryId": ACCOUNT, "repositoryName": name, told: changes[told]}

    def _kept(self, request: Document, member: str, code: str, what: str) -> Document:
        name = request["repositoryName"]
        text = self._images.repository(name).get(member)
        if text is None:
            raise AwsError(
                code,
                f"{what} does not exist for the repository with name '{name}' in the registry with id '{ACCOUNT}'",
            )
        return {"registryId": ACCOUNT, "repositoryName": name, member: text}

    def _of_arn(self, request: Document) -> Document:
        head, separator, name = request["resourceArn"].partition(":repository/")
        if not separator or not head.startswith("arn:aws:ecr:"):
            raise faults.invalid(f"'resourceArn' failed to satisfy constraint: {request['resourceArn']}")
        return self._images.repository(name)

    def _described(self, document: Document) -> Document:
        kept: dict[str, Any] = {name: document[name] for name in _KEPT}
        return {
            **kept,
            "repositoryArn": document["repositoryArn"],
            "registryId": ACCOUNT,
            "repositoryUri": self.uri(document["repositoryName"]),
            "createdAt": datetime.fromtimestamp(document["createdAt"], UTC),
        }


def _require_emulated(request: Document) -> None:
    found = request.get("imageTagMutability", "MUTABLE")
    if found not in _EMULATED:
        raise AwsError(
            "NotImplementedByLocalAws",
            f"Local AWS does not emulate imageTagMutability {found}; expected {' or '.join(_EMULATED)}.",
            501,
        )
