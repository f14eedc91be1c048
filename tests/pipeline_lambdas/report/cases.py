"""Releases that went each in its own way, as `render` takes them."""

from __future__ import annotations

import copy
import random
from math import exp
from typing import Any

from tests.pipeline_lambdas.report.documents import (
    CHAMPION,
    NAME,
    RELEASE,
    Case,
    Json,
    action,
    actions_until,
    champion_record,
    curves,
    evaluation,
    gate,
    interval,
    record,
    smoke,
    training,
    wine_slice,
)


def waiting() -> Case:
    return Case(record(), {"dev": smoke("dev"), "test": evaluation()}, champion_record())


def failed_at_a_gate() -> Case:
    judged = evaluation(verdict="failed", metrics={"rmse": 0.8103, "mae": 0.66, "r2": 0.2511})
    judged["gates"][0] = gate(
        "bound", "rmse", 0.8103, "failed", max=0.75, reason="rmse is 0.8103, above the greatest allowed, 0.75"
    )
    judged["gates"][1] = gate(
        "bound", "r2", 0.2511, "failed", min=0.3, reason="r2 is 0.2511, below the least allowed, 0.3"
    )
    judged["gates"][3] = gate(
        "champion",
        "rmse",
        22.9,
        "failed",
        max=2,
        low=15.1,
        high=31.2,
        reason="rmse is shown to be worse than the champion's by more than 2 %: 22.9 %, interval 15.1 % to 31.2 %",
    )
    judged |= {
        "failed_rows": 2,
        "first_failed_row": "s3://slipway-main-data/wine-quality/datasets/113581d844c2272e/test/part-0.csv line 18",
    }
    message = "tests.full failed: rmse is 0.8103, above the greatest allowed, 0.75. Report: s3://artifacts/x"
    failed = action("DeployTest", "Evaluate", "Failed", 775, 31.0, error_code="JobFailed", error_message=message)
    steps = [*actions_until("DeployTest")[:-1], failed]
    told = record(
        status="Failed",
        ended="2025-03-04T15:13:26+00:00",
        sequence=12,
        approval=None,
        model_package=None,
        actions=steps,
    )
    return Case(told, {"dev": smoke("dev"), "test": judged}, champion_record())


def worse_within_bounds() -> Case:
    """A model that chance does not excuse, and that the gate lets pass; of the largest commit message and names."""
    judged = evaluation(metrics={"rmse": 0.676, "mae": 0.531, "r2": 0.484})
    judged["gates"][3] = gate("champion", "rmse", 2.53, max=5, low=0.41, high=4.7)
    judged["champion"]["differences"] = {
        name: {
            "difference": 0.0167,
            "worse_percent": worse,
            "low": low,
            "high": high,
            "level": 0.95,
            "method": "paired bootstrap",
            "p_value": None,
        }
        for name, worse, low, high in (("rmse", 2.53, 0.41, 4.7), ("mae", 3.7, 1.1, 6.2), ("r2", 4.9, 1.02, 9.3))
    }
    told = record()
    told["sources"][0] |= {
        "summary": "Try shallower trees with a slower learning rate and twice as many rounds, as the last two releases "
        "overfitted the strong wines\n\nSecond paragraph",
        "author": "Maximiliane Featherstonehaugh-Oberhausen",
    }
    return Case(told, {"dev": smoke("dev"), "test": judged}, champion_record())


def many_slices() -> Case:
    """Fifty slices, of names as long as a column's may be, and thirty columns."""
    names = [f"a_measurement_with_a_long_name_{place:02d} >= 12.5" for place in range(50)]
    rows = [wine_slice(name, 40 + place, 0.6 + place / 400, 0.5, 0.8) for place, name in enumerate(names)]
    judged = evaluation(slices=rows)
    judged["gates"] = [
        *judged["gates"][:4],
        *(gate("slice", "rmse", 0.6 + place / 400, subject=name, max=0.9) for place, name in enumerate(names)),
        *(gate("drift", "psi", place / 200, subject=f"column {place}", max=0.25) for place in range(30)),
    ]
    return Case(record(), {"dev": smoke("dev"), "test": judged}, champion_record())


def failed_in_training() -> Case:
    reason = "AlgorithmError: framework error: XGBoostError: value 1.7 for Parameter subsample exceed bound [0,1]"
    failed = action(
        "Train",
        "WaitForTraining",
        "Failed",
        160,
        88.0,
        error_code="JobFailed",
        error_message=f"Training job {NAME}-e8a812dd-9035 failed. {reason}",
    )
    job = training("Failed", metrics={}, curves={}, model_data_url=None, failure_reason=reason)
    told = record(
        status="Failed",
        ended="2025-03-04T15:04:08+00:00",
        sequence=12,
        approval=None,
        model_package=None,
        training=job,
        endpoint_configs={},
        cost=None,
        actions=[*actions_until("Train")[:-1], failed],
        missing=["cost: there are no prices of ml.m5.large in eu-central-1"],
    )
    return Case(told, {}, champion_record())


def first_release() -> Case:
    judged = evaluation(slices=[], importance=None)
    judged["champion"] = {
        "status": "none",
        "reason": "no champion: Prod serves no model yet",
        "model": None,
        "rows": 0,
        "metrics": {},
        "differences": {},
    }
    judged["gates"] = [
        *judged["gates"][:3],
        gate("champion", "rmse", None, "not applicable", max=2, reason="no champion: Prod serves no model yet"),
    ]
    approval = {
        "status": "Approved",
        "by": "arn:aws:sts::111122223333:assumed-role/Reviewers/alice",
        "reason": "First release; checked by hand",
        "at": "2025-03-04T19:10:30+00:00",
    }
    told = record(
        status="Succeeded",
        ended="2025-03-04T19:19:02+00:00",
        sequence=1,
        champion=None,
        approval=approval,
        trigger={"type": "StartPipelineExecution", "detail": "arn:aws:sts::111122223333:assumed-role/Engineers/bob"},
        actions=actions_until("DeployProd"),
    )
    told["endpoint_configs"]["prod"] = f"{NAME}-prod-e8a812dd-9035"
    return Case(told, {"dev": smoke("dev"), "test": judged, "prod": smoke("prod")}, None)


def binary() -> Case:
    rng = random.Random(8)  # noqa: S311 - data, not secrets
    scored = []
    for _ in range(20_000):
        label = rng.random() < 0.12
        scored.append((min(0.999, max(0.001, rng.betavariate(3.2, 2.6) if label else rng.betavariate(1.1, 6))), label))
    cuts = [1 - step / 100 for step in range(101)]
    total = sum(label for _, label in scored)
    above = [[(label, score) for score, label in scored if score > cut] for cut in cuts]
    hits = [sum(label for label, _ in part) for part in above]
    roc = [[(len(part) - hit) / (len(scored) - total), hit / total] for part, hit in zip(above, hits, strict=True)]
    recall = [[hit / total, hit / len(part)] for part, hit in zip(above, hits, strict=True) if part]
    tenths = [[(score, label) for score, label in scored if int(score * 10) == tenth] for tenth in range(10)]
    bins = [
        {
            "mean_score": sum(score for score, _ in part) / len(part),
            "share": sum(label for _, label in part) / len(part),
            "rows": len(part),
        }
        for part in tenths
        if part
    ]
    true, flagged = hits[50], len(above[50])
    confusion = [[len(scored) - total - (flagged - true), flagged - true], [total - true, true]]
    accuracy = (confusion[0][0] + true) / len(scored)
    columns = ["churned", "tenure_months", "monthly_charges", "support_calls_within_the_last_ninety_days", "contract"]
    judged = evaluation(
        problem="binary",
        model="churn",
        rows=20_000,
        columns=columns,
        metrics={
            "accuracy": accuracy,
            "precision": true / flagged,
            "recall": true / total,
            "f1": 2 * true / (flagged + total),
            "auc": 0.93216,
            "auc_error_max": 0.0,
            "logloss": 0.2214,
        },
        intervals={
            "accuracy": interval(accuracy - 0.004, accuracy + 0.004, "wilson"),
            "auc": interval(0.9261, 0.9382, "delong"),
            "f1": interval(0.601, 0.642),
        },
        gates=[
            gate("bound", "auc", 0.93216, min=0.9),
            gate("bound", "failed_share", 0.0003, max=0.001),
            gate("bound", "accuracy", accuracy, min=0.85),
            gate("champion", "auc", 0.84, max=1, low=0.21, high=1.46),
        ],
        slices=[
            {
                "column": "contract",
                "label": f"contract = {value}",
                "rows": rows,
                "judged": True,
                "metrics": {"auc": auc, "accuracy": 0.91},
                "intervals": {"auc": interval(auc - width, auc + width, "delong")},
            }
            for value, rows, auc, width in (
                (0, 11_020, 0.921, 0.008),
                (1, 6_001, 0.944, 0.011),
                (2, 2_979, 0.938, 0.019),
            )
        ],
        plots={"roc": roc, "precision_recall": recall, "calibration": bins, "confusion": confusion, "threshold": 0.5},
        importance={
            "method": "permutation",
            "metric": "logloss",
            "rows": 5000,
            "columns": [{"column": name, "increase": 0.31 / (place + 1)} for place, name in enumerate(columns[1:])],
            "note": "",
        },
        drift=None,
        failed_rows=6,
        first_failed_row="s3://slipway-main-data/churn/test/part-0.csv line 7",
        champion={
            "status": "compared",
            "reason": "",
            "model": "slipway-main-churn-3b1f6a50-77c2",
            "rows": 19_994,
            "metrics": {"auc": 0.94005, "accuracy": 0.9012},
            "differences": {
                "auc": {
                    "difference": -0.0079,
                    "worse_percent": 0.84,
                    "low": 0.21,
                    "high": 1.46,
                    "level": 0.95,
                    "method": "delete-a-group jackknife over 64 groups of binned scores",
                    "p_value": None,
                },
                "accuracy": {
                    "difference": 0.0021,
                    "worse_percent": -0.233,
                    "low": -0.61,
                    "high": 0.152,
                    "level": 0.95,
                    "method": "paired bootstrap; exact McNemar test",
                    "p_value": 0.0000034,
                },
            },
        },
    )
    return Case(record(model="churn"), {"test": judged}, None)


def multiclass(classes: int = 6) -> Case:
    rng = random.Random(4)  # noqa: S311 - data, not secrets
    confusion = [[0] * classes for _ in range(classes)]
    for actual in range(classes):
        for _ in range(rng.randint(60, 400)):
            confusion[actual][min(classes - 1, max(0, round(rng.gauss(actual, 0.6))))] += 1
    rows = sum(map(sum, confusion))
    right = sum(confusion[place][place] for place in range(classes)) / rows
    job = training(
        curves={
            "train:mlogloss": curves(2, 640)["train:rmse"],
            "validation:mlogloss": curves(2, 640)["validation:rmse"],
            "validation:merror": [0.4 * exp(-place / 90) + 0.11 for place in range(640)],
        }
    )
    judged = evaluation(
        problem="multiclass",
        rows=rows,
        metrics={"accuracy": right, "f1_macro": 0.71, "logloss": 0.81},
        intervals={"accuracy": interval(right - 0.02, right + 0.02, "wilson")},
        gates=[gate("bound", "accuracy", right, min=0.6)],
        plots={"confusion": confusion},
        champion=None,
        slices=[],
        drift=None,
        importance=None,
    )
    approval = {
        "status": "Rejected",
        "by": "alice",
        "reason": "Class 3 is confused with class 4 too often",
        "at": "2025-03-04T16:02:11+00:00",
    }
    steps = [
        *actions_until("DeployTest"),
        action("Approve", "Approve", "Failed", 810, 2900.0, error_message="Rejected", summary="Class 3 is confused"),
    ]
    told = record(
        status="Failed", ended="2025-03-04T16:02:11+00:00", sequence=13, approval=approval, actions=steps, training=job
    )
    return Case(told, {"test": judged}, champion_record())


def rolled_back() -> Case:
    told = record(
        execution_type="ROLLBACK",
        rollback_target=CHAMPION,
        status="Succeeded",
        ended="2025-03-05T08:07:11+00:00",
        sequence=14,
        trigger={"type": "ManualRollback", "detail": "arn:aws:iam::111122223333:user/alice"},
        approval=None,
        training=None,
        actions=[
            action("DeployProd", "Deploy", seconds=2.0),
            action("DeployProd", "WaitForEndpoint", seconds=388.0),
            action("DeployProd", "SmokeTest", seconds=4.0),
        ],
        endpoint_configs={"prod": f"{NAME}-prod-3b1f6a50-77c2"},
    )
    return Case(told, {"prod": smoke("prod")}, champion_record())


def stopped() -> Case:
    told = record(
        status="Stopped",
        status_summary="Stopped by alice: wrong data",
        ended="2025-03-04T15:05:00+00:00",
        approval=None,
        actions=actions_until("Build"),
        training=None,
    )
    return Case(told)


def under_way() -> Case:
    told = record(
        approval=None,
        model_package=None,
        actions=[*actions_until("DeployDev"), action("DeployTest", "Deploy", "InProgress", 577, 2.0)],
    )
    return Case(told, {"dev": smoke("dev")}, champion_record())


def bare() -> Case:
    """All parts of a record null."""
    empty: Json = dict.fromkeys(record())
    return Case({**empty, "execution_id": RELEASE}, {"test": dict.fromkeys(evaluation())}, dict.fromkeys(record()))


_UNSEEN = "\u202e\x00\x1b]52;c;YQ==\x07\x9b\u200f\u2028\ud800"


def hostile() -> Case:
    """Texts that would be markup, run, or mislead, wherever a document holds a text."""

    def spoilt(value: Any) -> Any:
        if isinstance(value, dict):
            return {key: spoilt(part) for key, part in value.items()}
        if isinstance(value, list):
            return [spoilt(part) for part in value]
        return (
            f"""{value}</title></style><script>alert("1")</script>'"&<img src=x onerror=alert(1)>{_UNSEEN}"""
            if isinstance(value, str) and value not in _KEPT
            else value
        )

    case = waiting()
    named = spoilt(case.evaluations["test"])
    named["metrics"]["<b>'\""] = 1.0
    told = spoilt(case.record)
    told["training"]["curves"]["<i>:'\"<b>"] = [1.0, 2.0]
    told["sources"][0]["url"] = "javascript:alert(1)"
    told["actions"][0]["log_url"] = 'https://example.com/"onmouseover="alert(1)'
    return Case(told, {"test": named, "<u>\"'": copy.deepcopy(named)}, spoilt(case.champion))


_KEPT = {"passed", "failed", "compared", "bound", "champion", "slice", "drift", "InProgress", "Waiting", "test"}
CASES = {
    "waiting": waiting,
    "failed at a gate": failed_at_a_gate,
    "worse within bounds": worse_within_bounds,
    "many slices": many_slices,
    "failed in training": failed_in_training,
    "first release": first_release,
    "binary": binary,
    "multiclass, rejected": multiclass,
    "twenty classes": lambda: multiclass(20),
    "rolled back": rolled_back,
    "stopped": stopped,
    "under way": under_way,
    "bare": bare,
    "hostile": hostile,
}
