"""An image of a team's own trains and serves in the local SageMaker, by a stand-in for Docker."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.containers.conftest import Site
from tests.local_aws.sagemaker.house import House
from tests.local_server import LocalServer, allow, wait_for

ROW = b"C-1,2025-06-15,month-to-month,12,97.61,no,compared us with a cheaper rival\n"
AUC = {"Name": "validation:auc", "Regex": "validation auc: ([0-9.]+)"}


def specification(image: str, **more: Any) -> dict[str, Any]:
    return {"AlgorithmSpecification": {"TrainingImage": image, "TrainingInputMode": "File", **more}}


def job(site: Site, **more: Any) -> dict[str, Any]:
    return {**specification(site.image(), MetricDefinitions=[AUC]), "HyperParameters": {"positive": "yes"}, **more}


def test_an_image_trains_and_serves(site: Site) -> None:
    house = site.house("own-image")
    ended = house.trained("own", EnableNetworkIsolation=True, **job(site))
    assert ended["TrainingJobStatus"] == "Completed", ended.get("FailureReason")
    (metric,) = ended["FinalMetricDataList"]
    assert metric["MetricName"] == "validation:auc"
    assert metric["Value"] > 0.6
    run = site.commands("run")[-1]
    assert run[run.index("--network") + 1] == "none"
    assert run[-2:] == [f"127.0.0.1:{site.server.port}/{site.image().partition('/')[2]}", "train"]
    container = {"Image": site.image(), "ModelDataUrl": ended["ModelArtifacts"]["S3ModelArtifacts"]}
    house.sagemaker.create_model(ModelName="own", PrimaryContainer=container, ExecutionRoleArn=house.role)
    variant = {"VariantName": "A", "ModelName": "own", "InstanceType": "ml.t2.medium", "InitialInstanceCount": 1}
    house.sagemaker.create_endpoint_config(EndpointConfigName="own", ProductionVariants=[variant])
    house.sagemaker.create_endpoint(EndpointName="own", EndpointConfigName="own")
    settled = house.settled("own")
    assert settled["EndpointStatus"] == "InService", settled.get("FailureReason")
    assert 0.0 < float(house.invoke("own", ROW)) < 1.0
    served = site.commands("run")[-1]
    assert served[-1] == "serve"
    assert served[served.index("--publish") + 1].startswith("127.0.0.1:")
    house.sagemaker.delete_endpoint(EndpointName="own")
    name = served[served.index("--name") + 1]
    stopped = ["kill", "--signal", "SIGTERM", name]
    wait_for(lambda: stopped in site.commands("kill"), "the container to be asked to stop")


def test_a_failure_is_what_the_program_wrote(site: Site) -> None:
    ended = site.house("own-failure").trained("fails", **job(site, HyperParameters={}))
    assert ended["TrainingJobStatus"] == "Failed"
    assert ended["FailureReason"] == "AlgorithmError: KeyError: 'positive', exit code: 1"


def test_the_jobs_role_pulls(site: Site) -> None:
    house = site.house("own-denied")
    site.server.put_role_policy(
        f"{house.name}-puller", allow("s3:*", "logs:*", "cloudwatch:PutMetricData", "ecr:GetAuthorizationToken")
    )
    ended = house.trained("denied", **job(site))
    assert ended["TrainingJobStatus"] == "Failed"
    assert "ecr:BatchGetImage" in ended["FailureReason"]


def test_an_image_that_ecr_lacks(site: Site) -> None:
    house = site.house("own-unknown")
    with pytest.raises(ClientError, match="is not in the repository churn"):
        house.trained("unknown", **specification(f"{site.address}@sha256:{'0' * 64}"))


@pytest.mark.usefixtures("no_engine")
def test_without_an_engine_a_job_is_refused(tmp_path: Path) -> None:
    """Another local AWS, which finds none, over the images of the first."""
    server = LocalServer(tmp_path / "local-aws")
    server.up()
    try:
        server.client("ecr").create_repository(repositoryName="churn")
        address = f"127.0.0.1:{server.port}/churn"
        server.push_empty_image("churn", "empty")
        house = House(server, "no-engine")
        with pytest.raises(
            ClientError, match=r"no container engine that answers .*Cannot connect to the Docker daemon"
        ):
            house.sagemaker.create_training_job(**house.request("none", **specification(f"{address}:empty")))
    finally:
        server.down()
