"""An evaluation judged again by its predictions: the same with its own gates, other verdicts with others."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from inference_lambdas.handlers.evaluate_model import handler
from inference_lambdas.judging.again import champion_of, judge_again
from inference_lambdas.predicting.plan import Evaluation
from inference_lambdas.predicting.serving import Deployed
from pipeline_lambdas.config.parsing import parse_config
from pipeline_lambdas.release.dataset import parse_manifest
from pipeline_lambdas.release.names import Release
from pipeline_lambdas.runtime.failures import ConfigurationError
from tests.events import ARTIFACT_BUCKET, DATA_BUCKET, EVIDENCE_BUCKET, EXECUTION_ID, KMS_KEY_ARN, PREFIX
from tests.inference_lambdas.endpoint_double import LOOSE, Endpoint, Results, artifact, event, plain_config, report
from tests.pipeline_lambdas.aws_doubles import Context, client_of, upload_config

pytestmark = pytest.mark.usefixtures("environment")
CHAMPION = {"gates": {"rmse": {"max_worse_percent": 5}}}
SLICES = [{"column": "column 2", "ranges": [0.3, 0.6], "gates": {"rmse": {"max": 9}}}]
ALL: dict[str, Any] = {
    "gates": {"rmse": {"max": 9}, "latency_p95_ms": {"max": 1000}, "failed_share": {"max": 0.1}},
    "champion": CHAMPION,
    "slices": SLICES,
    "drift": {"max_psi": 9},
}


def again(document: dict[str, Any], **sections: Any) -> dict[str, Any]:
    config, s3 = parse_config(plain_config(*LOOSE, **sections).encode(), "wine-quality.yml"), client_of("s3")
    manifest = artifact("Dataset/e4f5g6h")
    evaluation = Evaluation(
        release=Release(PREFIX, EXECUTION_ID),
        environment="test",
        deployed=Deployed(document["endpoint_config"], created=""),
        test=config.tests["full"],
        config=config,
        dataset=parse_manifest(manifest, "wine-quality"),
        data_bucket=DATA_BUCKET,
        artifact_bucket=ARTIFACT_BUCKET,
        evidence_bucket=EVIDENCE_BUCKET,
        kms_key_arn=KMS_KEY_ARN,
        champion=champion_of(document),
        s3=s3,
    )
    named = document["predictions"]
    key = named["uri"].removeprefix(f"s3://{EVIDENCE_BUCKET}/")
    content = s3.get_object(Bucket=EVIDENCE_BUCKET, Key=key, VersionId=named["version_id"])["Body"].read()
    return judge_again(evaluation, document, [content])


def evaluated(**sections: Any) -> dict[str, Any]:
    upload_config(plain_config(*LOOSE, **sections))
    handler(event("evaluate_full_with_champion"), Context())
    return report()


@pytest.mark.parametrize("failing", [False, True])
def test_with_its_own_gates_it_is_the_same(endpoint: Endpoint, results: Results, failing: bool) -> None:
    del results
    if failing:
        endpoint.answer = lambda rows: b"\n".join(b"nan" if row[0] > 0.98 else b"%f" % (sum(row) * 3) for row in rows)
        endpoint.champion = lambda rows: b"\n".join(b"nan" if row[1] > 0.98 else b"5" for row in rows)
    document = evaluated(**ALL)
    assert document["champion"]["status"] == "compared"
    assert again(document, **ALL) == document


def test_other_gates_give_other_verdicts(endpoint: Endpoint, results: Results) -> None:
    del results
    document = evaluated(gates={"rmse": {"max": 9}}, champion=CHAMPION)
    sent = len(endpoint.bodies)
    found = again(document, gates={"rmse": {"max": 0.1}}, slices=SLICES, drift={"max_psi": 9})
    assert (document["verdict"], found["verdict"]) == ("passed", "failed")
    assert found["gates"][0]["reason"].endswith("above the greatest allowed, 0.1")
    assert (found["champion"], len(found["slices"]), len(found["drift"]["columns"])) == (None, 3, 3)
    assert found["metrics"] == document["metrics"]
    assert (len(endpoint.bodies), report()) == (sent, document)


def test_rows_that_failed_are_allowed_later(endpoint: Endpoint, results: Results) -> None:
    endpoint.answer = lambda rows: b"\n".join(b"nan" if row[0] > 0.98 else b"%f" % (sum(row) * 3) for row in rows)
    document = evaluated(gates={"rmse": {"max": 9}}, champion=CHAMPION)
    assert "predictions failed" in results.message()
    found = again(document, gates={"rmse": {"max": 9}, "failed_share": {"max": 0.1}}, champion=CHAMPION)
    assert found["verdict"] == "passed"
    assert found["metrics"]["rmse"] > 0
    assert found["champion"]["status"] == "compared"


@pytest.mark.usefixtures("endpoint")
def test_latencies_of_other_requests_are_not_known(results: Results) -> None:
    gates = {"latency_p95_ms": {"max": 1000}}
    document = evaluated(gates=gates)
    assert len(results.outcomes) == 1
    assert again(document, gates=gates)["verdict"] == "passed"
    found = again(document, gates=gates, latency={"rows": 7})
    assert found["gates"][0]["reason"] == "latency_p95_ms of 0 requests of 7 rows cannot be evaluated"


def test_a_champion_that_gave_no_answer_gives_none_later(endpoint: Endpoint, results: Results) -> None:
    endpoint.champion_status = "Creating"
    document = evaluated(champion=CHAMPION)
    assert "the champion cannot answer" in results.message()
    assert again(document, champion=CHAMPION) == document


@pytest.mark.usefixtures("endpoint", "results")
def test_predictions_of_other_rows_are_refused() -> None:
    document = evaluated()
    config = parse_config(plain_config(*LOOSE).encode(), "wine-quality.yml")
    assert replace(config.tests["full"], max_rows=700) != config.tests["full"]
    with pytest.raises(ConfigurationError, match="found more rows than the channel has"):
        again(document, max_rows=700)
