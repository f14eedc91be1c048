"""Processing jobs over a restart of local AWS."""

from __future__ import annotations

import sys

import pytest

from tests.local_aws.sagemaker.house import House
from tests.local_aws.sagemaker.jobs.processing.test_processing import ended, started
from tests.local_server import LocalServer, wait_for


@pytest.mark.skipif(sys.platform != "linux", reason="processing jobs need mount namespaces")
def test_a_job_starts_again(own_local_aws: LocalServer) -> None:
    house = House(own_local_aws, "sm-again")
    script = """
import boto3, time
client, bucket = boto3.client("s3"), "BUCKET"
client.put_object(Bucket=bucket, Key="runs/" + str(time.time_ns()), Body=b"")
while len(open("/opt/ml/processing/input/data/again.csv").read()) < 9:
    time.sleep(1)
""".replace("BUCKET", house.name)
    started(house, "again", script)

    def runs() -> int:
        return int(house.s3.list_objects_v2(Bucket=house.name, Prefix="runs/").get("KeyCount", 0))

    wait_for(lambda: runs() == 1, "the first run")
    house.s3.put_object(Bucket=house.name, Key="rows/again/again.csv", Body=b"1,1\n2,2\n3,3\n")
    own_local_aws.kill()
    own_local_aws.up()
    assert ended(house, "again")["ProcessingJobStatus"] == "Completed"
    assert runs() == 2
