"""InvokeEndpoint, with containers that a test plays."""

from __future__ import annotations

import threading
import time
from collections import Counter

import pytest

from local_aws.sagemaker.hosting.invoke import Invocations, Limits
from local_aws.wire import AwsError
from tests.local_aws.sagemaker.fakes import Aws
from tests.local_aws.sagemaker.hosted import (
    config,
    deployed,
    refused,
    serverless,
    settled,
    variant,
)
from tests.local_server import wait_for


def test_only_invocations_care_about_case(hosted: Aws) -> None:
    deployed(hosted)
    assert hosted.call("DescribeEndpoint", EndpointName="WINE")["EndpointName"] == "Wine"
    with pytest.raises(AwsError, match="Endpoint WINE of account 111122223333 not found"):
        hosted.invoke(EndpointName="WINE", Body=b"")


def test_traffic_follows_the_weights(hosted: Aws) -> None:
    config(hosted, "split", variant("one", "A", 3.0), variant("two", "B", 1.0), variant("two", "C", 0.0))
    deployed(hosted, "split")

    def share() -> Counter[str]:
        return Counter(hosted.invoke(EndpointName="Wine", Body=b"")["InvokedProductionVariant"] for _ in range(400))

    seen = share()
    assert 240 < seen["A"] < 355
    assert seen["C"] == 0
    answer = hosted.invoke(EndpointName="Wine", Body=b"x", TargetVariant="C")
    assert (answer["InvokedProductionVariant"], answer["Body"]) == ("C", b"two:x")
    changes = [{"VariantName": "A", "DesiredWeight": 0}, {"VariantName": "B", "DesiredInstanceCount": 3}]
    hosted.call("UpdateEndpointWeightsAndCapacities", EndpointName="Wine", DesiredWeightsAndCapacities=changes)
    found = settled(hosted)
    assert [v["CurrentWeight"] for v in found["ProductionVariants"]] == [0, 1, 0]
    assert [v["CurrentInstanceCount"] for v in found["ProductionVariants"]] == [1, 3, 1]
    assert share() == {"B": 400}
    with pytest.raises(AwsError, match="has no production variant Z"):
        hosted.invoke(EndpointName="Wine", Body=b"", TargetVariant="Z")
    unknown = [{"VariantName": "Z", "DesiredWeight": 1}]
    message = refused(
        hosted, "UpdateEndpointWeightsAndCapacities", EndpointName="Wine", DesiredWeightsAndCapacities=unknown
    )
    assert 'Could not find variant "Z"' in message


@pytest.mark.parametrize(
    ("status", "side", "original"), [(400, "client", 400), (413, "client", 413), (500, "server", 500)]
)
def test_errors_of_the_model(hosted: Aws, status: int, side: str, original: int) -> None:
    deployed(hosted)
    with pytest.raises(AwsError) as error:
        hosted.invoke(EndpointName="Wine", Body=f"status {status}".encode())
    assert (error.value.code, error.value.status) == ("ModelError", 424)
    assert error.value.message == (
        f'Received {side} error ({status}) from primary with message "because status {status}". See '
        f"{hosted.runtime.settings.console}/cloudwatch/home?region=us-east-1#logEventViewer:group="
        "/aws/sagemaker/Endpoints/Wine in account 111122223333 for more information."
    )
    assert error.value.members["OriginalStatusCode"] == original
    assert error.value.members["OriginalMessage"] == f"because status {status}"
    arn = "arn:aws:logs:us-east-1:111122223333:log-group:/aws/sagemaker/Endpoints/Wine:log-stream:AllTraffic/i-"
    assert error.value.members["LogStreamArn"].startswith(arn)


def test_no_content_is_an_answer(hosted: Aws) -> None:
    deployed(hosted)
    assert hosted.invoke(EndpointName="Wine", Body=b"status 204")["Body"] == b""


def test_a_model_that_takes_too_long(hosted: Aws) -> None:
    deployed(hosted)
    service = hosted.service
    records, console = service._platform.records, hosted.runtime.settings.console
    quick = Invocations(records, service._deployments, service._metrics, console, Limits(answer_s=0.2))
    hosted.runtime_front.operations = {
        "InvokeEndpoint": type(hosted.runtime_front.operations["InvokeEndpoint"])(quick.invoke, lambda *_: [])
    }
    with pytest.raises(AwsError) as error:
        hosted.invoke(EndpointName="Wine", Body=b"sleep 1")
    assert error.value.status == 424
    assert error.value.members["OriginalStatusCode"] == 0
    assert error.value.message.startswith(
        'Received server error (0) from primary with message "Your invocation timed out while waiting for a response '
        "from container primary. Review the latency metrics for each container in Amazon CloudWatch, resolve the "
        'issue, and try again.". See http://'
    )
    assert hosted.invoke(EndpointName="Wine", Body=b"x")["Body"] == b"one:x"


def test_payload_limits(hosted: Aws) -> None:
    deployed(hosted)
    config(hosted, "small", serverless("one"))
    deployed(hosted, "small", "Small")
    body = b"x" * (4 * 1024 * 1024 + 1)
    assert len(hosted.invoke(EndpointName="Wine", Body=body)["Body"]) == len(body) + 4
    with pytest.raises(AwsError) as error:
        hosted.invoke(EndpointName="Small", Body=body)
    assert (error.value.code, error.value.status) == ("ValidationError", 413)


def test_serverless_concurrency(hosted: Aws) -> None:
    config(hosted, "small", serverless("one"))
    found = deployed(hosted, "small")
    shown = found["ProductionVariants"][0]
    assert (shown["CurrentInstanceCount"], shown["CurrentServerlessConfig"]["MaxConcurrency"]) == (0, 1)
    assert "DesiredInstanceCount" not in shown
    busy = threading.Thread(target=lambda: hosted.invoke(EndpointName="Wine", Body=b"sleep 0.5"))
    busy.start()
    time.sleep(0.1)
    with pytest.raises(AwsError) as error:
        hosted.invoke(EndpointName="Wine", Body=b"x")
    assert (error.value.code, error.value.status) == ("ThrottlingException", 429)
    busy.join()
    assert hosted.invoke(EndpointName="Wine", Body=b"x")["Body"] == b"one:x"
    hosted.call("UpdateEndpoint", EndpointName="Wine", EndpointConfigName="two")
    assert settled(hosted)["EndpointConfigName"] == "two"
    message = refused(hosted, "UpdateEndpoint", EndpointName="Wine", EndpointConfigName="small")
    assert "cannot be updated to a serverless config" in message


def test_metrics_count_every_request(hosted: Aws) -> None:
    deployed(hosted)
    for body in (b"x", b"x", b"status 400", b"status 500"):
        try:
            hosted.invoke(EndpointName="Wine", Body=body)
        except AwsError as error:
            assert error.code == "ModelError"  # noqa: PT017 - only half of them raise
    hosted.service._metrics.publish()
    wait_for(lambda: hosted.cloudwatch.data, "published metrics", 10)
    sums: Counter[str] = Counter()
    counts: Counter[str] = Counter()
    for namespace, datum in hosted.cloudwatch.data:
        assert namespace == "AWS/SageMaker"
        assert datum["Dimensions"] == [
            {"Name": "EndpointName", "Value": "Wine"},
            {"Name": "VariantName", "Value": "AllTraffic"},
        ]
        sums[datum["MetricName"]] += sum(v * c for v, c in zip(datum["Values"], datum["Counts"], strict=True))
        counts[datum["MetricName"]] += sum(datum["Counts"])
    assert set(counts.values()) == {4}
    assert sums["Invocations"] == 4
    assert (sums["Invocation4XXErrors"], sums["Invocation5XXErrors"], sums["InvocationModelErrors"]) == (1, 1, 2)
    assert sums["ModelLatency"] > 0


def test_a_target_model_needs_another_kind_of_endpoint(hosted: Aws) -> None:
    deployed(hosted)
    with pytest.raises(AwsError, match="TargetModel is not for an endpoint of this kind"):
        hosted.invoke(EndpointName="Wine", Body=b"", TargetModel="a.tar.gz")
