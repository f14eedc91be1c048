"""The full evaluation against one invocation per row, and against parsing and predicting in one process.

Slices, drift and the champion, whose endpoint predicts the same rows on the same machine, are measured against the same
evaluation without them.
"""

from __future__ import annotations

import io
import subprocess
import sys
import tarfile
import time
from pathlib import Path
from typing import Any

from benchmarks.data import grown, rows, thirds, write_dataset
from benchmarks.figures import Figure, at_least, at_most
from benchmarks.processes import peak_mib
from benchmarks.release import CONFIG, push_and_wait
from tests.releases.house import PREFIX, House

_BARE = str(Path(__file__).with_name("bare.py"))


ROWS = 1_000_000


def measure(house: House, folder: Path, *, short: bool, data: Path | None, count: int = ROWS) -> list[Figure]:
    """Evaluate a large test set in a release, then predict parts of it in the two other ways."""
    _, lines = rows(data)
    count = 10_000 if short else count
    dataset = write_dataset(folder / "large", lines, grown(lines, count))
    test = dataset / "test" / "test.csv"
    with house.quietly():
        house.upload(dataset, [])
    push_and_wait(house, 100)
    evaluated = count / _evaluation_s(house)
    push_and_wait(house, 101, {**CONFIG, **judged_in_full(lines)})
    judged = count / _evaluation_s(house)
    memory = peak_mib(f"{PREFIX}-evaluate-model")
    single = _rows_per_second_one_by_one(house, test, 20 if short else 300)
    bare = count / _bare_s(house, folder, test)
    name = f"evaluation of {count:,} rows"
    return [
        at_least(f"{name} / one invocation per row", evaluated / single, "x", 200.0, f"{evaluated:,.0f} rows/s"),
        at_least(f"{name} / one process", evaluated / bare, "x", 0.8, f"{bare:,.0f} rows/s in one process"),
        at_least(
            f"{name} with slices, drift and champion / without", judged / evaluated, "x", 0.8, f"{judged:,.0f} rows/s"
        ),
        at_most(f"memory of the function, {count:,} rows", memory, "MiB", 256.0),
    ]


def judged_in_full(lines: list[str]) -> dict[str, Any]:
    """Changes of the config: slices of two columns, the drift of all, and the comparison with the champion."""
    places = (1, lines[0].count(","))
    slices = [{"column": f"column {place + 1}", "ranges": thirds(lines, place)} for place in places]
    champion = {"gates": {"rmse": {"max_worse_percent": 100.0}}}
    return {"tests.full.slices": slices, "tests.full.drift": {"max_psi": 100.0}, "tests.full.champion": champion}


def _evaluation_s(house: House) -> float:
    action = house.actions(house.newest())["DeployTest/Evaluate"]
    return float((action["lastUpdateTime"] - action["startTime"]).total_seconds())


def _rows_per_second_one_by_one(house: House, test: Path, count: int) -> float:
    runtime = house.client("sagemaker-runtime")
    with test.open(encoding="utf-8") as lines:
        features = [next(lines).partition(",")[2] for _ in range(count)]
    started = time.perf_counter()
    for row in features:
        runtime.invoke_endpoint(EndpointName=f"{PREFIX}-test", ContentType="text/csv", Body=row)["Body"].read()
    return count / (time.perf_counter() - started)


def _bare_s(house: House, folder: Path, test: Path) -> float:
    sagemaker, s3 = house.client("sagemaker"), house.client("s3")
    config = sagemaker.describe_endpoint(EndpointName=f"{PREFIX}-test")["EndpointConfigName"]
    variant = sagemaker.describe_endpoint_config(EndpointConfigName=config)["ProductionVariants"][0]
    url = sagemaker.describe_model(ModelName=variant["ModelName"])["PrimaryContainer"]["ModelDataUrl"]
    bucket, _, key = url.removeprefix("s3://").partition("/")
    with tarfile.open(fileobj=io.BytesIO(s3.get_object(Bucket=bucket, Key=key)["Body"].read())) as archive:
        content = archive.extractfile("xgboost-model")
        if content is None:
            raise SystemExit(f"{url}: found no file xgboost-model.")
        model = folder / "xgboost-model.ubj"
        model.write_bytes(content.read())
    command = [sys.executable, _BARE, "predict", str(model), str(test)]
    return float(subprocess.run(command, check=True, capture_output=True, text=True).stdout)
