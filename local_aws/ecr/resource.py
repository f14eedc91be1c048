"""The resource type AWS::ECR::Repository.

https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-ecr-repository.html
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from local_aws.base import ResourceType, root_caller
from local_aws.resource_properties import PropertyError, generated_name
from local_aws.wire import AwsError

if TYPE_CHECKING:
    from local_aws.ecr.repositories import Repositories
    from local_aws.wire import Document

TYPE = "AWS::ECR::Repository"
_MAX_NAME = 256
_KNOWN = frozenset(
    {
        "RepositoryName",
        "ImageTagMutability",
        "ImageScanningConfiguration",
        "EncryptionConfiguration",
        "LifecyclePolicy",
        "RepositoryPolicyText",
        "EmptyOnDelete",
        "Tags",
    }
)
_REPLACED = ("RepositoryName", "EncryptionConfiguration")


class RepositoryResource:
    """Creates, updates and deletes repositories for CloudFormation, which acts as the account's root."""

    def __init__(self, repositories: Repositories, region: str) -> None:
        self._repositories, self._caller = repositories, root_caller(region)

    def resource_type(self) -> ResourceType:
        return ResourceType(create=self.create, update=self.update, delete=self.delete)

    def create(self, logical_id: str, properties: Document, stack_name: str) -> tuple[str, Document]:
        """`Ref` is the name."""
        unknown = sorted(properties.keys() - _KNOWN)
        if unknown:
            raise PropertyError(f"{TYPE}: local AWS does not emulate the property {', '.join(unknown)}")
        name = properties.get("RepositoryName") or generated_name(f"{stack_name}-{logical_id}", _MAX_NAME).lower()
        encryption = properties.get("EncryptionConfiguration", {"EncryptionType": "AES256"})
        request: dict[str, Any] = {
            "repositoryName": name,
            "encryptionConfiguration": {key[0].lower() + key[1:]: value for key, value in encryption.items()},
            "tags": properties.get("Tags", []),
        }
        self._repositories.create(self._caller, request)
        self._set(name, properties)
        return name, self._attributes(name)

    def update(self, physical_id: str, old: Document, new: Document, stack_name: str) -> tuple[str, Document]:
        """Update in place; a new name or key makes another repository."""
        if any(old.get(key) != new.get(key) for key in _REPLACED):
            created = self.create("Repository", new, stack_name)
            if created[0] != physical_id:
                self.delete(physical_id, old)
            return created
        self._set(physical_id, new)
        return physical_id, self._attributes(physical_id)

    def delete(self, physical_id: str, properties: Document) -> None:
        """Delete it; one with images only with EmptyOnDelete."""
        force = str(properties.get("EmptyOnDelete", False)).lower() == "true"
        try:
            self._repositories.delete(self._caller, {"repositoryName": physical_id, "force": force})
        except AwsError as error:
            if error.code != "RepositoryNotFoundException":
                raise

    def _set(self, name: str, properties: Document) -> None:
        """Give a repository what may change; a removed property gets its default again."""
        repositories, named = self._repositories, {"repositoryName": name}
        mutability = properties.get("ImageTagMutability", "MUTABLE")
        repositories.put_tag_mutability(self._caller, {**named, "imageTagMutability": mutability})
        scan = str(properties.get("ImageScanningConfiguration", {}).get("ScanOnPush", False)).lower() == "true"
        repositories.put_scanning(self._caller, {**named, "imageScanningConfiguration": {"scanOnPush": scan}})
        policy = properties.get("RepositoryPolicyText")
        text = policy if policy is None or isinstance(policy, str) else json.dumps(policy)
        repositories.set_policy(self._caller, {**named, "policyText": text})
        lifecycle = properties.get("LifecyclePolicy", {}).get("LifecyclePolicyText")
        repositories.put_lifecycle(self._caller, {**named, "lifecyclePolicyText": lifecycle})

    def _attributes(self, name: str) -> Document:
        (found,) = self._repositories.describe(self._caller, {"repositoryNames": [name]})["repositories"]
        return {"Arn": found["repositoryArn"], "RepositoryUri": found["repositoryUri"]}
