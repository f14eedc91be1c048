"""The local ECR: repositories, images, and who may push and pull."""

from __future__ import annotations

import base64
import hashlib
import json
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.local_server import LocalServer, allow

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
