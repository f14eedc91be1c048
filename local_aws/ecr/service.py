"""The operations of ECR.

https://docs.aws.amazon.com/AmazonECR/latest/APIReference/API_Operations.html. Images come and go through the registry
(`registry.py`), as they do on AWS. Scans are not emulated: an image is one that cannot be scanned.
"""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any

from local_aws.base import ResourceType
from local_aws.ecr import faults
from local_aws.ecr.images import Images, StoredImage
from local_aws.ecr.paging import page
from local_aws.ecr.registry import DEFAULT_KIND, Registry
from local_aws.ecr.repositories import Repositories, repository_arn
from local_aws.ecr.resource import TYPE, RepositoryResource
from local_aws.ecr.tokens import USER, Tokens
from local_aws.runtime import Runtime
from local_aws.settings import ACCOUNT
from local_aws.wire import AwsError, Caller, Document, Operation, Permission

_SCAN = {"status": "UNSUPPORTED_IMAGE", "description": "Local AWS does not scan images"}


class EcrService:
    """Repositories and their images."""

    def __init__(self, runtime: Runtime) -> None:
        settings = runtime.settings
        self.images = Images(runtime.store, settings.state / "ecr", runtime.clock)
        self._tokens = Tokens(runtime.store, runtime.clock, settings.region)
        self._repositories = Repositories(self.images, runtime)
        self._runtime = runtime
        self.registry = Registry(self.images, self._tokens, settings.region)

    def operations(self) -> dict[str, Operation]:
        """Every operation that is emulated, with the permissions that it requires."""
        repositories, on = self._repositories, self._on_repository
        return {
            "CreateRepository": on("CreateRepository", repositories.create),
            "DescribeRepositories": Operation(repositories.describe, self._on_repositories),
            "DeleteRepository": on("DeleteRepository", repositories.delete),
            "PutImageTagMutability": on("PutImageTagMutability", repositories.put_tag_mutability),
            "PutImageScanningConfiguration": on("PutImageScanningConfiguration", repositories.put_scanning),
            "SetRepositoryPolicy": on("SetRepositoryPolicy", repositories.set_policy),
            "GetRepositoryPolicy": on("GetRepositoryPolicy", repositories.get_policy),
            "DeleteRepositoryPolicy": on("DeleteRepositoryPolicy", repositories.delete_policy),
            "PutLifecyclePolicy": on("PutLifecyclePolicy", repositories.put_lifecycle),
            "GetLifecyclePolicy": on("GetLifecyclePolicy", repositories.get_lifecycle),
            "DeleteLifecyclePolicy": on("DeleteLifecyclePolicy", repositories.delete_lifecycle),
            "ListTagsForResource": Operation(repositories.list_tags, _on_arn("ListTagsForResource")),
            "TagResource": Operation(repositories.tag, _on_arn("TagResource")),
            "UntagResource": Operation(repositories.untag, _on_arn("UntagResource")),
            "GetAuthorizationToken": Operation(self.token, lambda _c, _r: [Permission("ecr:GetAuthorizationToken")]),
            "DescribeImages": on("DescribeImages", self.describe_images),
            "ListImages": on("ListImages", self.list_images),
            "PutImage": on("PutImage", self.put_image),
            "BatchGetImage": on("BatchGetImage", self.batch_get),
            "BatchDeleteImage": on("BatchDeleteImage", self.batch_delete),
            "DescribeImageScanFindings": on("DescribeImageScanFindings", self.scan_findings),
        }

    def resource_types(self) -> dict[str, ResourceType]:
        """The CloudFormation type of this service."""
        return {TYPE: RepositoryResource(self._repositories, self._runtime.settings.region).resource_type()}

    def resume(self) -> None:
        """Do nothing: no work of this service outlives a request."""

    def stop(self) -> None:
        """Do nothing, as above."""

    def token(self, caller: Caller, _request: Document) -> Document:
        """GetAuthorizationToken."""
        token, expires = self._tokens.issue(caller)
        data = {
            "authorizationToken": base64.b64encode(f"{USER}:{token}".encode()).decode(),
            "expiresAt": datetime.fromtimestamp(expires, UTC),
            "proxyEndpoint": self._runtime.settings.url,
        }
        return {"authorizationData": [data]}

    def describe_images(self, _caller: Caller, request: Document) -> Document:
        """DescribeImages."""
        repository = request["repositoryName"]
        if "imageIds" in request:
            found = [self._find(repository, identifier) for identifier in request["imageIds"]]
        else:
            found = [image for image in self.images.images(repository) if _wanted(image, request)]
        if "imageIds" in request:
            return {"imageDetails": [_details(image) for image in found]}
        return page("imageDetails", [_details(image) for image in found], request)

    def list_images(self, _caller: Caller, request: Document) -> Document:
        """ListImages."""
        found = [image for image in self.images.images(request["repositoryName"]) if _wanted(image, request)]
        identifiers = [
            {"imageDigest": image.digest, **({"imageTag": tag} if tag else {})}
            for image in found
            for tag in image.tags or ("",)
        ]
        return page("imageIds", identifiers, request)

    def put_image(self, _caller: Caller, request: Document) -> Document:
        """PutImage: https://docs.aws.amazon.com/AmazonECR/latest/APIReference/API_PutImage.html."""
        repository, content = request["repositoryName"], request["imageManifest"].encode()
        digest = f"sha256:{hashlib.sha256(content).hexdigest()}"
        tag, named = request.get("imageTag"), request.get("imageDigest", digest)
        if named != digest:
            raise faults.wrong_digest(named, digest)
        known = self.images.find(repository, tag or digest)
        if known and known.digest == digest:
            raise faults.image_exists(repository, tag or digest)
        kind = request.get("imageManifestMediaType", DEFAULT_KIND)
        self.images.put(repository, tag or digest, kind, content)
        image = {"registryId": ACCOUNT, "repositoryName": repository, "imageManifest": request["imageManifest"]}
        identifier = {"imageDigest": digest, **({"imageTag": tag} if tag else {})}
        return {"image": {**image, "imageManifestMediaType": kind, "imageId": identifier}}

    def batch_get(self, _caller: Caller, request: Document) -> Document:
        """BatchGetImage."""
        found, failures = self._batch(request)
        return {
            "images": [
                {
                    "registryId": ACCOUNT,
                    "repositoryName": image.repository,
                    "imageId": {"imageDigest": image.digest, **identifier},
                    "imageManifest": self._manifest(image),
                    "imageManifestMediaType": image.media_type,
                }
                for identifier, image in found
            ],
            "failures": failures,
        }

    def batch_delete(self, _caller: Caller, request: Document) -> Document:
        """BatchDeleteImage."""
        found, failures = self._batch(request)
        deleted = []
        for identifier, image in found:
            tag = identifier.get("imageTag") if "imageDigest" not in identifier else None
            lists = self.images.lists_of(image)
            if lists and (tag is None or len(image.tags) == 1):
                reason = f"Requested image referenced by manifest list: [{', '.join(lists)}]"
                failure = {"failureCode": "ImageReferencedByManifestList", "failureReason": reason}
                failures.append({"imageId": identifier, **failure})
                continue
            self.images.delete(image, tag)
            deleted.append({"imageDigest": image.digest, **identifier})
        return {"imageIds": deleted, "failures": failures}

    def scan_findings(self, _caller: Caller, request: Document) -> Document:
        """DescribeImageScanFindings."""
        image = self._find(request["repositoryName"], request["imageId"])
        return {
            "registryId": ACCOUNT,
            "repositoryName": image.repository,
            "imageId": {"imageDigest": image.digest, **request["imageId"]},
            "imageScanStatus": _SCAN,
        }

    def _find(self, repository: str, identifier: Mapping[str, str]) -> StoredImage:
        reference = identifier.get("imageDigest") or identifier.get("imageTag")
        if reference is None:
            raise faults.invalid("'imageId' failed to satisfy constraint: an imageDigest or an imageTag")
        image = self.images.find(repository, reference)
        if image is None:
            raise faults.no_image(repository, json.dumps(dict(identifier)))
        return image

    def _batch(self, request: Document) -> tuple[list[tuple[dict[str, str], StoredImage]], list[Document]]:
        found, failures = [], []
        for identifier in request["imageIds"]:
            try:
                found.append((dict(identifier), self._find(request["repositoryName"], identifier)))
            except AwsError as error:
                if error.code != "ImageNotFoundException":
                    raise
                failure = {"failureCode": "ImageNotFound", "failureReason": "Requested image not found"}
                failures.append({"imageId": dict(identifier), **failure})
        return found, failures

    def _manifest(self, image: StoredImage) -> str:
        path = self.images.content(image.repository, image.digest)
        return path.read_text(encoding="utf-8") if path else ""

    def _on_repository(self, name: str, behaviour: Callable[[Caller, Document], Any]) -> Operation:
        def permissions(caller: Caller, request: Document) -> list[Permission]:
            return [Permission(f"ecr:{name}", repository_arn(caller.region, request["repositoryName"]))]

        return Operation(behaviour, permissions)

    @staticmethod
    def _on_repositories(caller: Caller, request: Document) -> list[Permission]:
        names = request.get("repositoryNames") or ["*"]
        return [Permission("ecr:DescribeRepositories", repository_arn(caller.region, name)) for name in names]


def _on_arn(name: str) -> Callable[[Caller, Document], list[Permission]]:
    return lambda _caller, request: [Permission(f"ecr:{name}", request["resourceArn"])]


def _wanted(image: StoredImage, request: Document) -> bool:
    status = request.get("filter", {}).get("tagStatus", "ANY")
    return status not in ("TAGGED", "UNTAGGED") or (status == "TAGGED") == bool(image.tags)


def _details(image: StoredImage) -> Document:
    return {
        "registryId": ACCOUNT,
        "repositoryName": image.repository,
        "imageDigest": image.digest,
        **({"imageTags": list(image.tags)} if image.tags else {}),
        "imageSizeInBytes": image.size_bytes,
        "imagePushedAt": datetime.fromtimestamp(image.pushed, UTC),
        "imageManifestMediaType": image.media_type,
        "imageScanStatus": _SCAN,
    }
