"""Release records and evaluation documents as the functions write them, for each way a release may go."""

from __future__ import annotations

import random
from bisect import bisect_right
from dataclasses import dataclass, field
from hashlib import sha256
from itertools import pairwise
from math import exp
from typing import Any

Json = dict[str, Any]
RELEASE = "e8a812dd-9035-4b2f-8f31-6fdc39c1534b"
CHAMPION = "3b1f6a50-77c2-4e0d-9d5b-0f6c2a9e8d14"
NAME = "slipway-main-wine-quality"
WORST = "7.4,0.7,0,1.9,0.076,11,34,0.9978,3.51,0.56,9.4"
COLUMNS = [
    "quality",
    "fixed_acidity",
    "volatile_acidity",
    "citric_acid",
    "residual_sugar",
    "chlorides",
    "free_sulfur_dioxide",
    "total_sulfur_dioxide",
    "density",
    "ph",
    "sulphates",
    "alcohol",
]


@dataclass(frozen=True)
class Case:
    """What `render` takes."""

    record: Json
    evaluations: dict[str, Json] = field(default_factory=dict)
    champion: Json | None = None


def digest(text: str) -> str:
    return sha256(text.encode()).hexdigest()


def interval(low: float, high: float, method: str = "bootstrap") -> Json:
    return {"low": low, "high": high, "level": 0.95, "method": method}


def gate(kind: str, metric: str, value: float | None, verdict: str = "passed", **more: Any) -> Json:
    empty = {"subject": "", "min": None, "max": None, "low": None, "high": None, "reason": ""}
    return {"kind": kind, "metric": metric, "value": value, "verdict": verdict, **empty, **more}


def action(stage: str, name: str, status: str = "Succeeded", at: int = 0, seconds: float = 1.0, **more: Any) -> Json:
    """An action that started some seconds after 15:00."""
    provider = {"Build": "CodeBuild", "Approve": "Manual"}.get(name, "Lambda")
    started = f"2025-03-04T15:{at // 60:02d}:{at % 60:02d}.120000+00:00"
    return {
        "stage": stage,
        "action": name,
        "provider": provider,
        "status": status,
        "attempt": 1,
        "started": started,
        "ended": None,
        "seconds": seconds,
        "summary": "",
        "error_code": "",
        "error_message": "",
        "log_url": None,
        **more,
    }


def actions_until(stage: str) -> list[Json]:
    """The actions that succeeded, up to and with a stage."""
    log = "https://eu-central-1.console.aws.amazon.com/cloudwatch/home?region=eu-central-1#logsV2:log-groups"
    every = [
        action("Source", "TrainingConfig", seconds=2.4, summary="Deeper trees"),
        action("Source", "Dataset", seconds=1.9, summary='{"ProviderType":"S3"}'),
        action("Build", "Build", at=4, seconds=148.0, log_url=log),
        action(
            "Train", "StartTraining", at=155, seconds=3.1, summary=f"Training job {NAME}-e8a812dd-9035", log_url=log
        ),
        action(
            "Train", "WaitForTraining", at=160, seconds=214.0, summary=f"Training job {NAME}-e8a812dd-9035 completed"
        ),
        action("DeployDev", "Deploy", at=376, seconds=2.0, summary=f"Deploying {NAME}-dev-e8a812dd-9035"),
        action("DeployDev", "WaitForEndpoint", at=380, seconds=187.0),
        action("DeployDev", "SmokeTest", at=570, seconds=4.4, summary="100 rows, all gates passed (1)"),
        action("DeployTest", "Deploy", at=577, seconds=2.0),
        action("DeployTest", "WaitForEndpoint", at=580, seconds=192.0),
        action("DeployTest", "Evaluate", at=775, seconds=31.0, summary="240 rows, all gates passed (7)", log_url=log),
        action("Approve", "Approve", at=810, seconds=14_220.0, summary="Approved: better on every slice"),
        action("DeployProd", "Deploy", at=900, seconds=3.0),
        action("DeployProd", "WaitForEndpoint", at=905, seconds=421.0),
        action("DeployProd", "SmokeTest", at=1330, seconds=5.0, summary="100 rows, all gates passed (1)"),
    ]
    last = max(place for place, one in enumerate(every) if one["stage"] == stage)
    return every[: last + 1]


def config(**more: Any) -> Json:
    values: Json = {
        "model": "wine-quality",
        "problem": "regression",
        "algorithm": {"name": "xgboost", "version": "3.2-0"},
        "hyperparameters": {"objective": "reg:squarederror", "num_round": 300, "eta": 0.1, "max_depth": 6, "seed": 42},
        "training": {"instance_type": "ml.m5.large", "instance_count": 1, "volume_gib": 10, "max_runtime_s": 3600},
        "tests": {
            "smoke": {"channel": "validation", "max_rows": 100, "gates": {"rmse": {"max": 1.5}}},
            "full": {
                "channel": "test",
                "gates": {"rmse": {"max": 0.75}, "r2": {"min": 0.3}, "latency_p95_ms": {"max": 500}},
                "champion": {"require": "not-shown-worse", "gates": {"rmse": {"max_worse_percent": 2}}},
                "slices": [{"column": "alcohol", "ranges": [10, 11.5], "gates": {"rmse": {"max": 0.9}}}],
                "drift": {"max_psi": 0.25},
            },
        },
    }
    return {**values, **more}


def dataset(sizes: Json, columns: list[str] = COLUMNS, salt: str = "") -> Json:
    files = [
        {"channel": path.split("/")[0], "path": path, "size_bytes": size, "sha256": digest(f"{path}{size}")}
        for path, size in sizes.items()
    ]
    name = digest(f"{sizes}{columns}{salt}")
    return {
        "sha256": name,
        "prefix": f"wine-quality/datasets/{name[:16]}/",
        "manifest_version_id": "hO2s6EJq.vN3x",
        "columns": columns,
        "files": files,
    }


def curves(seed: int, rounds: int) -> Json:
    rng = random.Random(seed)  # noqa: S311 - data, not secrets
    falling = [0.36 + 2.0 * exp(-place / 18) for place in range(rounds)]
    return {
        "train:rmse": [value - place * 0.0004 for place, value in enumerate(falling)],
        "validation:rmse": [
            value + 0.23 * (1 - exp(-place / 30)) + rng.gauss(0, 0.004) for place, value in enumerate(falling)
        ],
    }


def training(status: str = "Completed", **more: Any) -> Json:
    return {
        "job": f"{NAME}-e8a812dd-9035",
        "status": status,
        "image_uri": "492215442770.dkr.ecr.eu-central-1.amazonaws.com/sagemaker-xgboost:3.2-0",
        "hyperparameters": {name: str(value) for name, value in config()["hyperparameters"].items()},
        "instance_type": "ml.m5.large",
        "instance_count": 1,
        "volume_gib": 10,
        "seconds": 198.0,
        "billable_seconds": 96,
        "metrics": {"train:rmse": 0.361, "validation:rmse": 0.6132},
        "curves": curves(5, 118),
        "model_data_url": f"s3://slipway-main-models/{NAME}-e8a812dd-9035/output/model.tar.gz",
        "failure_reason": None,
        **more,
    }


def record(**more: Any) -> Json:
    """A release that waits for its approval."""
    return {
        "schema": "slipway-record/1",
        "sequence": None,
        "predecessor": None,
        "model": "wine-quality",
        "pipeline": NAME,
        "execution_id": RELEASE,
        "execution_type": "STANDARD",
        "rollback_target": None,
        "status": "InProgress",
        "status_summary": None,
        "started": "2025-03-04T15:00:00.120000+00:00",
        "ended": None,
        "written": "2025-03-04T15:13:41+00:00",
        "trigger": {
            "type": "CloudWatchEvent",
            "detail": f"arn:aws:events:eu-central-1:111122223333:rule/{NAME}-training-config",
        },
        "sources": [
            {
                "action": "TrainingConfig",
                "revision": digest("config")[:40],
                "summary": "Deeper trees",
                "author": "Bob Hale",
                "url": "https://eu-central-1.console.aws.amazon.com/codesuite/codecommit/repositories/training-config",
            },
            {
                "action": "PipelineLambdas",
                "revision": digest("pipeline")[:40],
                "summary": "Publish pipeline_lambdas",
                "url": None,
            },
            {
                "action": "InferenceLambdas",
                "revision": digest("inference")[:40],
                "summary": "Publish inference_lambdas",
                "url": None,
            },
            {
                "action": "Dataset",
                "revision": "hO2s6EJq.vN3x",
                "summary": "Amazon S3 version id: hO2s6EJq.vN3x",
                "url": None,
            },
        ],
        "dataset": dataset({"train/part-0.csv": 63_141, "validation/part-0.csv": 13_580, "test/part-0.csv": 13_533}),
        "config": {"file": "wine-quality.yml", "sha256": digest("values"), "values": config()},
        "training": training(),
        "evaluations": {},
        "champion": {
            "model": f"{NAME}-3b1f6a50-77c2",
            "execution_id": CHAMPION,
            "endpoint_config": f"{NAME}-prod-3b1f6a50-77c2",
        },
        "approval": {"status": "Waiting", "by": None, "reason": None, "at": None},
        "model_package": {
            "arn": f"arn:aws:sagemaker:eu-central-1:111122223333:model-package/{NAME}/7",
            "version": 7,
            "approval_status": "PendingManualApproval",
        },
        "endpoint_configs": {"dev": f"{NAME}-dev-e8a812dd-9035", "test": f"{NAME}-test-e8a812dd-9035"},
        "cost": {
            "currency": "USD",
            "prices_dated": "2025-02-01",
            "training": 0.0031,
            "evaluation_endpoints": 0.0147,
            "total": 0.0178,
            "note": "Endpoints of Dev and Test are counted until the approval.",
        },
        "actions": [*actions_until("DeployTest"), action("Approve", "Approve", "InProgress", 810, 12.0)],
        "missing": [],
        **more,
    }


def champion_record() -> Json:
    before = config()
    before["hyperparameters"] = {**before["hyperparameters"], "max_depth": 4, "gamma": 0.5}
    del before["hyperparameters"]["seed"]
    data = dataset(
        {
            "train/part-0.csv": 51_002,
            "train/part-1.csv": 4_410,
            "validation/part-0.csv": 13_580,
            "test/part-0.csv": 13_533,
        }
    )
    return record(
        execution_id=CHAMPION,
        status="Succeeded",
        sequence=11,
        config={"file": "wine-quality.yml", "sha256": digest("older"), "values": before},
        dataset={**data, "columns": [*COLUMNS[:-1], "colour"]},
    )


def regression_plots(rows: int) -> Json:
    rng = random.Random(11)  # noqa: S311 - data, not secrets
    points = []
    for _ in range(rows):
        actual = min(8, max(3, round(rng.gauss(5.7, 0.85))))
        points.append([float(actual), round(5.7 + 0.62 * (actual - 5.7) + rng.gauss(0, 0.45), 4)])
    edges = [round(-2.5 + 0.25 * step, 2) for step in range(21)]
    found = [actual - predicted for actual, predicted in points]
    counts = [sum(low <= one < high for one in found) for low, high in pairwise(edges)]
    return {"sample": {"stride": 1, "points": points}, "residuals": {"edges": edges, "counts": counts}}


def drift_columns() -> list[Json]:
    rng = random.Random(3)  # noqa: S311 - data, not secrets
    columns = []
    for place, name in enumerate(COLUMNS[1:]):
        reference = [0.1] * 10
        shift = 0.08 if name == "alcohol" else 0.03 if place % 3 == 0 else 0.01
        shares = [max(0.005, 0.1 + rng.uniform(-shift, shift)) for _ in reference]
        shares = [share / sum(shares) for share in shares]
        cuts = [None, *(round(9 + 0.5 * step, 2) for step in range(9)), None]
        bins = [
            {"low": low, "high": high, "reference_share": before, "share": share}
            for (low, high), before, share in zip(pairwise(cuts), reference, shares, strict=True)
        ]
        psi = sum((share - 0.1) * (share / 0.1 - 1) for share in shares)
        columns.append({"column": name, "psi": round(psi, 5), "bins": bins})
    columns.append({"column": "vineyard", "psi": None, "bins": []})
    return columns


def latency(seed: int = 1) -> Json:
    rng = random.Random(seed)  # noqa: S311 - data, not secrets
    edges = [2.0 * 1.08**step for step in range(60)]
    times = sorted(rng.lognormvariate(2.9, 0.45) for _ in range(400))
    counts = [0] * len(edges)
    for time in times:
        counts[min(bisect_right(edges, time), len(edges) - 1)] += 1
    bars = [
        {"low_ms": low, "high_ms": high, "count": count}
        for (low, high), count in zip(pairwise(edges), counts[1:], strict=True)
        if count
    ]
    return {
        "latency_p50_ms": times[200],
        "latency_p95_ms": times[380],
        "latency_p99_ms": times[396],
        "latency_max_ms": times[-1],
        "invocations": 400,
        "resolution": 0.01,
        "largest_batch_rows": 512,
        "histogram": bars,
    }


def evaluation(environment: str = "test", **more: Any) -> Json:
    """A full evaluation of a regression that passed."""
    return {
        "schema": "slipway-evaluation/2",
        "model": "wine-quality",
        "execution_id": RELEASE,
        "environment": environment,
        "test": "full",
        "endpoint": f"{NAME}-{environment}",
        "endpoint_config": f"{NAME}-{environment}-e8a812dd-9035",
        "config_sha256": digest("values"),
        "dataset_sha256": digest("data"),
        "channel": "test",
        "files": ["test/part-0.csv"],
        "columns": COLUMNS,
        "problem": "regression",
        "verdict": "passed",
        "rows": 240,
        "failed_rows": 0,
        "first_failed_row": "",
        "metrics": {"rmse": 0.638124, "mae": 0.508012, "r2": 0.540713},
        "intervals": {
            "rmse": interval(0.5871, 0.6904),
            "mae": interval(0.4630, 0.5551),
            "r2": interval(0.4402, 0.6240),
        },
        "gates": [
            gate("bound", "rmse", 0.638124, max=0.75),
            gate("bound", "r2", 0.540713, min=0.3),
            gate("bound", "latency_p95_ms", 37.67, max=500),
            gate("champion", "rmse", -3.214, max=2, low=-7.91, high=1.402),
            gate("slice", "rmse", 0.6021, subject="alcohol < 10", max=0.9),
            gate("slice", "rmse", 0.6711, subject="10 <= alcohol < 11.5", max=0.9),
            gate(
                "slice",
                "rmse",
                None,
                "not applicable",
                subject="alcohol >= 11.5",
                max=0.9,
                reason="alcohol >= 11.5 has 21 rows, fewer than the 30 that a slice is judged with",
            ),
            gate("drift", "psi", 0.1093, subject="alcohol", max=0.25),
        ],
        "champion": {
            "require": "not-shown-worse",
            "status": "compared",
            "reason": "",
            "model": f"{NAME}-3b1f6a50-77c2",
            "rows": 240,
            "metrics": {"rmse": 0.659315, "mae": 0.512222, "r2": 0.509683},
            "differences": {
                "rmse": {
                    "difference": -0.021191,
                    "worse_percent": -3.214,
                    "low": -7.91,
                    "high": 1.402,
                    "level": 0.95,
                    "method": "paired bootstrap",
                    "p_value": 0.164,
                },
                "mae": {
                    "difference": -0.00421,
                    "worse_percent": -0.8219,
                    "low": -5.2,
                    "high": 3.61,
                    "level": 0.95,
                    "method": "paired bootstrap",
                    "p_value": 0.71,
                },
                "r2": {
                    "difference": 0.03103,
                    "worse_percent": -6.088,
                    "low": -15.2,
                    "high": 2.94,
                    "level": 0.95,
                    "method": "paired bootstrap",
                    "p_value": None,
                },
            },
        },
        "slices": [
            wine_slice("alcohol < 10", 112, 0.6021, 0.531, 0.677),
            wine_slice("10 <= alcohol < 11.5", 107, 0.6711, 0.588, 0.757),
            wine_slice("alcohol >= 11.5", 21, 0.6582, 0.472, 0.861),
        ],
        "drift": {
            "reference": "train",
            "reference_rows": 1120,
            "rows": 240,
            "sampled": False,
            "columns": drift_columns(),
        },
        "importance": {
            "method": "permutation",
            "metric": "rmse",
            "rows": 240,
            "columns": [
                {"column": name, "increase": increase}
                for name, increase in zip(
                    COLUMNS[1:],
                    (0.018, 0.094, 0.012, 0.006, 0.021, -0.003, 0.052, 0.033, 0.009, 0.081, 0.196),
                    strict=True,
                )
            ],
            "note": "Columns that go together share their importance.",
        },
        "predictions": {
            "uri": f"s3://slipway-main-evidence/releases/wine-quality/{RELEASE}/test-predictions.csv.gz",
            "version_id": "dP2lD0nVq7jv",
            "rows": 240,
            "columns": ["row", "label", "prediction", "champion"],
        },
        "worst": {
            "columns": COLUMNS[1:],
            "rows": [
                {"row": 131, "label": 3.0, "prediction": 5.4821, "error": 2.4821, "values": WORST.split(",")},
                {"row": 17, "label": 8.0, "prediction": 5.9032, "error": 2.0968, "values": WORST.split(",")},
            ],
        },
        "plots": regression_plots(240),
        "latency": latency(),
        **more,
    }


def wine_slice(label: str, rows: int, rmse: float, low: float, high: float) -> Json:
    return {
        "column": "alcohol",
        "label": label,
        "rows": rows,
        "judged": rows >= 30,
        "metrics": {"rmse": rmse, "mae": rmse * 0.79, "r2": 0.48},
        "intervals": {"rmse": interval(low, high), "mae": interval(low * 0.79, high * 0.79)},
    }


def smoke(environment: str, value: float = 0.613) -> Json:
    return evaluation(
        environment,
        test="smoke",
        channel="validation",
        rows=100,
        gates=[gate("bound", "rmse", value, max=1.5)],
        champion=None,
        metrics={"rmse": value, "mae": 0.49, "r2": 0.57},
        intervals={},
        slices=[],
        drift=None,
        importance=None,
        plots=regression_plots(100),
    )
