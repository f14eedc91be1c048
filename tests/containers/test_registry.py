"""The local ECR: repositories, images, and who may push and pull."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import http.client
import json
import shutil
import socket
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from botocore.exceptions import ClientError

from local_aws.ecr import registry
from tests.local_server import LocalServer, allow, wait_for

# CloudFormation takes none of less than 100 characters.
LIFECYCLE = json.dumps(
    {
        "rules": [
            {
                "rulePriority": 1,
                "selection": {"tagStatus": "any", "countType": "imageCountMoreThan", "countNumber": 9},
                "action": {"type": "expire"},
            }
        ]
    }
)
KIND = "application/vnd.oci.image.manifest.v1+json"


def token(server: LocalServer, **key: str) -> str:
    return str(server.client("ecr", **key).get_authorization_token()["authorizationData"][0]["authorizationToken"])


def ask(
    server: LocalServer, method: str, path: str, body: bytes = b"", signed_in: str = "", kind: str = ""
) -> tuple[int, str]:
    headers = {"Host": f"127.0.0.1:{server.port}", **({"Content-Type": kind} if kind else {})}
    return server.send(
        method, path, body, {**headers, **({"Authorization": f"Basic {signed_in}"} if signed_in else {})}
    )


def repository(server: LocalServer, name: str, **more: Any) -> str:
    found = server.client("ecr").create_repository(repositoryName=name, **more)["repository"]
    assert found["repositoryUri"] == f"127.0.0.1:{server.port}/{name}"
    return name


def push(server: LocalServer, name: str, tag: str, layer: bytes = b"layer") -> tuple[int, str]:
    """Push an image of one layer, in one request for each part."""
    signed_in, digest = token(server), f"sha256:{hashlib.sha256(layer).hexdigest()}"
    status, said = ask(server, "POST", f"/v2/{name}/blobs/uploads/?digest={digest}", layer, signed_in)
    assert status == 201, said
    manifest = json.dumps({"schemaVersion": 2, "layers": [{"digest": digest}]}).encode()
    return ask(server, "PUT", f"/v2/{name}/manifests/{tag}", manifest, signed_in, KIND)


def refusal(call: Any, **request: Any) -> str:
    with pytest.raises(ClientError) as caught:
        call(**request)
    return str(caught.value.response["Error"]["Code"])


def test_an_image_is_found_and_deleted(local_aws: LocalServer) -> None:
    ecr, name = local_aws.client("ecr"), repository(local_aws, "found")
    assert push(local_aws, name, "one")[0] == 201
    assert push(local_aws, name, "two", b"other")[0] == 201
    (details,) = ecr.describe_images(repositoryName=name, imageIds=[{"imageTag": "one"}])["imageDetails"]
    assert details["imageTags"] == ["one"]
    assert details["imageSizeInBytes"] == len(b"layer")
    assert details["imageScanStatus"]["status"] == "UNSUPPORTED_IMAGE"
    (found,) = ecr.batch_get_image(repositoryName=name, imageIds=[{"imageTag": "one"}])["images"]
    assert hashlib.sha256(found["imageManifest"].encode()).hexdigest() == details["imageDigest"][7:]
    assert refusal(ecr.delete_repository, repositoryName=name) == "RepositoryNotEmptyException"
    listed = ecr.list_images(repositoryName=name)["imageIds"]
    assert {one["imageTag"] for one in listed} == {"one", "two"}
    ecr.batch_delete_image(repositoryName=name, imageIds=[{"imageTag": "one"}])
    assert refusal(ecr.describe_images, repositoryName=name, imageIds=[{"imageTag": "one"}]) == "ImageNotFoundException"
    ecr.delete_repository(repositoryName=name, force=True)
    assert refusal(ecr.describe_images, repositoryName=name) == "RepositoryNotFoundException"
    assert not list((local_aws.state / "ecr" / "blobs").glob(hashlib.sha256(b"layer").hexdigest()))


def test_an_immutable_tag_stays(local_aws: LocalServer) -> None:
    name = repository(local_aws, "immutable", imageTagMutability="IMMUTABLE")
    assert push(local_aws, name, "one")[0] == 201
    assert push(local_aws, name, "one")[0] == 201  # the same image
    status, said = push(local_aws, name, "one", b"other")
    assert status == 400
    assert "cannot be overwritten because the tag is immutable" in said


def test_what_a_manifest_names_has_to_be_there(local_aws: LocalServer) -> None:
    name, digest = repository(local_aws, "lacking"), f"sha256:{'0' * 64}"
    manifest = json.dumps({"layers": [{"digest": digest}]}).encode()
    status, said = ask(local_aws, "PUT", f"/v2/{name}/manifests/one", manifest, token(local_aws), KIND)
    assert status == 400
    assert f"the layer {digest} was not pushed" in said
    status, said = ask(local_aws, "POST", f"/v2/{name}/blobs/uploads/?digest={digest}", b"x", token(local_aws))
    assert status == 400
    assert "another digest" in said


@pytest.mark.parametrize("signed_in", ["", base64.b64encode(b"AWS:guess").decode(), "%%%"])
def test_nobody_comes_in_without_a_token(local_aws: LocalServer, signed_in: str) -> None:
    assert ask(local_aws, "GET", "/v2/", signed_in=signed_in)[0] == 401


def test_iam_decides_as_the_owner_of_the_token(local_aws: LocalServer) -> None:
    name = repository(local_aws, "readers")
    assert push(local_aws, name, "one")[0] == 201
    arn = f"arn:aws:ecr:us-east-1:111122223333:repository/{name}"
    key, secret = local_aws.user_with(
        "puller", allow("ecr:GetAuthorizationToken"), allow("ecr:BatchGetImage", resource=arn)
    )
    signed_in = token(local_aws, key=key, secret=secret)
    assert ask(local_aws, "GET", f"/v2/{name}/manifests/one", signed_in=signed_in)[0] == 200
    status, said = ask(local_aws, "POST", f"/v2/{name}/blobs/uploads/", b"", signed_in)
    assert status == 403
    assert "ecr:InitiateLayerUpload" in said
    assert refusal(local_aws.client("ecr", key, secret).describe_images, repositoryName=name) == "AccessDeniedException"


def test_signed_requests_below_v2_go_to_other_services(local_aws: LocalServer) -> None:
    """MiniStack has paths of Amazon SES there."""
    status, _ = local_aws.ask("GET", "/v2/email/identities", signed_for="ses")
    assert status != 401


def test_a_stack_makes_a_repository(local_aws: LocalServer) -> None:
    cloudformation, ecr = local_aws.client("cloudformation"), local_aws.client("ecr")
    template = {
        "Resources": {
            "Images": {
                "Type": "AWS::ECR::Repository",
                "Properties": {
                    "RepositoryName": "of-a-stack",
                    "ImageTagMutability": "IMMUTABLE",
                    "ImageScanningConfiguration": {"ScanOnPush": True},
                    "LifecyclePolicy": {"LifecyclePolicyText": LIFECYCLE},
                },
            }
        },
        "Outputs": {"Uri": {"Value": {"Fn::GetAtt": ["Images", "RepositoryUri"]}}},
    }
    cloudformation.create_stack(StackName="images", TemplateBody=json.dumps(template))
    cloudformation.get_waiter("stack_create_complete").wait(
        StackName="images", WaiterConfig={"Delay": 1, "MaxAttempts": 60}
    )
    (stack,) = cloudformation.describe_stacks(StackName="images")["Stacks"]
    assert stack["Outputs"][0]["OutputValue"] == f"127.0.0.1:{local_aws.port}/of-a-stack"
    (found,) = ecr.describe_repositories(repositoryNames=["of-a-stack"])["repositories"]
    assert found["imageTagMutability"] == "IMMUTABLE"
    assert found["imageScanningConfiguration"] == {"scanOnPush": True}
    assert ecr.get_lifecycle_policy(repositoryName="of-a-stack")["lifecyclePolicyText"] == LIFECYCLE
    cloudformation.delete_stack(StackName="images")
    cloudformation.get_waiter("stack_delete_complete").wait(
        StackName="images", WaiterConfig={"Delay": 1, "MaxAttempts": 60}
    )
    assert refusal(ecr.describe_images, repositoryName="of-a-stack") == "RepositoryNotFoundException"


def begin(server: LocalServer, name: str, signed_in: str) -> str:
    """The path of a new upload."""
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=30)
    try:
        headers = {"Authorization": f"Basic {signed_in}", "Content-Length": "0"}
        connection.request("POST", f"/v2/{name}/blobs/uploads/", headers=headers)
        answer = connection.getresponse()
        assert answer.status == 202, answer.read()
        return str(answer.headers["Location"])
    finally:
        connection.close()


def uploads(server: LocalServer) -> set[str]:
    return {path.name for path in (server.state / "ecr" / "uploads").glob("*/*")}


def test_an_upload_belongs_to_its_repository(local_aws: LocalServer) -> None:
    begun, other = repository(local_aws, "begun"), repository(local_aws, "other")
    signed_in, digest = token(local_aws), f"sha256:{hashlib.sha256(b'x').hexdigest()}"
    place = begin(local_aws, begun, signed_in)
    status, said = ask(local_aws, "PUT", f"{place.replace(begun, other)}?digest={digest}", b"x", signed_in)
    assert (status, json.loads(said)["errors"][0]["code"]) == (404, "BLOB_UPLOAD_UNKNOWN")
    assert ask(local_aws, "PUT", f"{place}?digest={digest}", b"x", signed_in)[0] == 201


def test_an_upload_that_breaks_off_leaves_nothing(local_aws: LocalServer) -> None:
    name, before = repository(local_aws, "broken"), uploads(local_aws)
    signed_in = token(local_aws)
    with socket.create_connection(("127.0.0.1", local_aws.port), timeout=30) as client:
        lines = [
            f"POST /v2/{name}/blobs/uploads/ HTTP/1.1",
            f"Host: 127.0.0.1:{local_aws.port}",
            f"Authorization: Basic {signed_in}",
            "Content-Length: 1000000",
        ]
        client.sendall("\r\n".join([*lines, "", "part"]).encode())
        wait_for(lambda: uploads(local_aws) - before, "the upload to begin")
    wait_for(lambda: uploads(local_aws) == before, "the broken upload to be removed")


@pytest.mark.parametrize(
    "manifest",
    [
        b"[" * 100_000,
        b'{"layers": [{"digest": 5}]}',
        b'{"layers": [{"digest": ["sha256"]}]}',
        b'{"layers": [{"digest": "../../../../etc/passwd"}]}',
        b'{"layers": 5}',
        b"\xff",
    ],
)
def test_a_manifest_that_is_none(local_aws: LocalServer, manifest: bytes) -> None:
    ecr = local_aws.client("ecr")
    name = "hostile"
    if not any(one["repositoryName"] == name for one in ecr.describe_repositories()["repositories"]):
        repository(local_aws, name)
    status, said = ask(local_aws, "PUT", f"/v2/{name}/manifests/one", manifest, token(local_aws), KIND)
    assert (status, json.loads(said)["errors"][0]["code"]) == (400, "MANIFEST_INVALID")


def test_the_last_of_an_images_tags_takes_it_along(local_aws: LocalServer) -> None:
    ecr, name = local_aws.client("ecr"), repository(local_aws, "tagged-twice")
    assert [push(local_aws, name, tag)[0] for tag in ("one", "two")] == [201, 201]
    ecr.batch_delete_image(repositoryName=name, imageIds=[{"imageTag": "one"}, {"imageTag": "two"}])
    assert ecr.list_images(repositoryName=name)["imageIds"] == []


def test_the_layers_of_a_push_under_way_stay(local_aws: LocalServer) -> None:
    ecr, name = local_aws.client("ecr"), repository(local_aws, "under-way")
    assert push(local_aws, name, "old", b"old")[0] == 201
    signed_in, digest = token(local_aws), f"sha256:{hashlib.sha256(b'new').hexdigest()}"
    assert ask(local_aws, "POST", f"/v2/{name}/blobs/uploads/?digest={digest}", b"new", signed_in)[0] == 201
    ecr.batch_delete_image(repositoryName=name, imageIds=[{"imageTag": "old"}])
    manifest = json.dumps({"layers": [{"digest": digest}]}).encode()
    assert ask(local_aws, "PUT", f"/v2/{name}/manifests/new", manifest, signed_in, KIND)[0] == 201


def test_an_image_of_a_list_stays(local_aws: LocalServer) -> None:
    ecr, name = local_aws.client("ecr"), repository(local_aws, "listed")
    assert push(local_aws, name, "one")[0] == 201
    (image,) = ecr.describe_images(repositoryName=name)["imageDetails"]
    index = json.dumps({"schemaVersion": 2, "manifests": [{"digest": image["imageDigest"]}]})
    ecr.put_image(repositoryName=name, imageManifest=index, imageTag="index")
    answer = ecr.batch_delete_image(repositoryName=name, imageIds=[{"imageDigest": image["imageDigest"]}])
    assert [one["failureCode"] for one in answer["failures"]] == ["ImageReferencedByManifestList"]
    assert answer["imageIds"] == []
    ecr.batch_delete_image(repositoryName=name, imageIds=[{"imageTag": "index"}])
    answer = ecr.batch_delete_image(repositoryName=name, imageIds=[{"imageDigest": image["imageDigest"]}])
    assert answer["failures"] == []


def test_images_come_in_pages(local_aws: LocalServer) -> None:
    ecr, name = local_aws.client("ecr"), repository(local_aws, "paged")
    for number in range(3):
        manifest = json.dumps({"schemaVersion": 2, "annotations": {"number": str(number)}})
        ecr.put_image(repositoryName=name, imageManifest=manifest, imageTag=str(number))
    first = ecr.list_images(repositoryName=name, maxResults=2)
    assert len(first["imageIds"]) == 2
    last = ecr.list_images(repositoryName=name, maxResults=2, nextToken=first["nextToken"])
    assert len(last["imageIds"]) == 1
    assert "nextToken" not in last
    assert refusal(ecr.list_images, repositoryName=name, nextToken="-1") == "InvalidParameterException"
    again = {"repositoryName": name, "imageManifest": manifest, "imageTag": "2"}
    assert refusal(ecr.put_image, **again) == "ImageAlreadyExistsException"
    wrong = {**again, "imageTag": "3", "imageDigest": f"sha256:{'0' * 64}"}
    assert refusal(ecr.put_image, **wrong) == "ImageDigestDoesNotMatchException"


def test_protection_that_is_not_emulated_is_refused(local_aws: LocalServer) -> None:
    """Rather than kept without effect."""
    ecr = local_aws.client("ecr")
    request = {"repositoryName": "excluding", "imageTagMutability": "IMMUTABLE_WITH_EXCLUSION"}
    assert refusal(ecr.create_repository, **request) == "NotImplementedByLocalAws"


@pytest.mark.parametrize(("layer", "free", "status"), [(4, 1 << 40, 413), (1 << 40, 100, 503)])
def test_a_layer_is_bounded(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, layer: int, free: int, status: int
) -> None:
    monkeypatch.setattr(registry, "MOST_LAYER", layer)
    monkeypatch.setattr(shutil, "disk_usage", lambda _: SimpleNamespace(free=free))

    async def receive() -> dict[str, object]:
        return {"type": "http.request", "body": b"12345", "more_body": False}

    with pytest.raises(registry.RefusedError) as caught:
        asyncio.run(registry._write(receive, tmp_path / "upload"))
    assert caught.value.status == status
    assert list(tmp_path.iterdir()) == []
