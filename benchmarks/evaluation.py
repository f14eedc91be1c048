"""The full evaluation against one invocation per row, and against parsing and predicting in one process.

Slices, drift and the champion, whose endpoint predicts the same rows on the same machine, are measured against the same
evaluation without them. The function, the endpoint and local AWS between them share the processors, so what each of
them uses is told as well: on a busy machine it says more than the time that all of it takes.

On two processors both aims of 0.8 are out of reach. In seconds of a processor for a million rows of wine and 100 trees:
the one process reads the file in 0.65 and predicts in 1.6, on both processors at once, so it is done after 1.5 s, and
0.8 of its speed leaves 3.7 s of both. The endpoint alone uses 3.0: 1.2 to predict, 0.7 to read CSV, 0.5 to write it,
the rest for HTTP. The function uses 2.4, local AWS 1.5. That is 6.9, or 0.43 of the one process. The champion adds an
endpoint and its answers, 4.3 at least, so the second ratio is 0.6 where slices, drift and intervals cost nothing.
"""

from __future__ import annotations

import io
import subprocess
import sys
import tarfile
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from benchmarks.data import grown, rows, thirds, write_dataset
from benchmarks.figures import Figure, at_least, at_most, untargeted
from benchmarks.processes import peak_mib, serving_processes, workers
from benchmarks.processor_time import ProcessorTime
from benchmarks.release import CONFIG, push_and_wait
from tests.releases.house import PREFIX, House

_BARE = str(Path(__file__).with_name("bare.py"))
FUNCTION = f"{PREFIX}-evaluate-model"

ROWS = 1_000_000
_PAUSE_S = 1.0
"""Between two looks at the release: to look all the time takes a third of a processor from what is measured."""


def measure(house: House, folder: Path, *, short: bool, data: Path | None, count: int = ROWS) -> list[Figure]:
    """Evaluate a large test set in a release, then predict parts of it in the two other ways."""
    _, lines = rows(data)
    count = 10_000 if short else count
    dataset = write_dataset(folder / "large", lines, grown(lines, count))
    test = dataset / "test" / "test.csv"
    with house.quietly():
        house.upload(dataset, [])
    plain_s, plain_used = _evaluated(house, 100, CONFIG)
    judged_s, judged_used = _evaluated(house, 101, {**CONFIG, **judged_in_full(lines)})
    evaluated, judged = count / plain_s, count / judged_s
    memory = peak_mib(FUNCTION)
    single = _rows_per_second_one_by_one(house, test, 20 if short else 300)
    bare_s, bare_used_s = _bare_s(house, folder, test)
    bare = count / bare_s
    name = f"evaluation of {count:,} rows"
    return [
        at_least(f"{name} / one invocation per row", evaluated / single, "x", 200.0, f"{evaluated:,.0f} rows/s"),
        at_least(f"{name} / one process", evaluated / bare, "x", 0.8, f"{bare:,.0f} rows/s in one process"),
        at_least(
            f"{name} with slices, drift and champion / without", judged / evaluated, "x", 0.8, f"{judged:,.0f} rows/s"
        ),
        at_most(f"memory of the function, {count:,} rows", memory, "MiB", 256.0),
        *(
            untargeted(f"processor time of {what} / one process", sum(used.values()) / bare_used_s, "x", _told(used))
            for what, used in ((name, plain_used), (f"{name} with slices, drift and champion", judged_used))
        ),
    ]


def _told(used: Mapping[str, float]) -> str:
    return ", ".join(f"{part} {seconds:.2f} s" for part, seconds in used.items())


def judged_in_full(lines: list[str]) -> dict[str, Any]:
    """Changes of the config: slices of two columns, the drift of all, and the comparison with the champion."""
    places = (1, lines[0].count(","))
    slices = [{"column": f"column {place + 1}", "ranges": thirds(lines, place)} for place in places]
    champion = {"gates": {"rmse": {"max_worse_percent": 100.0}}}
    return {"tests.full.slices": slices, "tests.full.drift": {"max_psi": 100.0}, "tests.full.champion": champion}


def _evaluated(house: House, number: int, config: Mapping[str, Any]) -> tuple[float, dict[str, float]]:
    """Release; return the seconds of the evaluation, and those that each part has used of the processors."""
    server = house.server.pid
    parts = {
        "function": lambda: workers(FUNCTION),
        "endpoints": lambda: serving_processes(server),
        "local AWS": lambda: [server],
    }
    with ProcessorTime(parts) as used:
        push_and_wait(house, number, config, _PAUSE_S)
    action = house.actions(house.newest())["DeployTest/Evaluate"]
    start, end = action["startTime"], action["lastUpdateTime"]
    return float((end - start).total_seconds()), used.between(start, end)


def _rows_per_second_one_by_one(house: House, test: Path, count: int) -> float:
    runtime = house.client("sagemaker-runtime")
    with test.open(encoding="utf-8") as lines:
        features = [next(lines).partition(",")[2] for _ in range(count)]
    started = time.perf_counter()
    for row in features:
        runtime.invoke_endpoint(EndpointName=f"{PREFIX}-test", ContentType="text/csv", Body=row)["Body"].read()
    return count / (time.perf_counter() - started)


def _bare_s(house: House, folder: Path, test: Path) -> tuple[float, float]:
    """Return the seconds of one process on the clock, and of the processors."""
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
    seconds, used = subprocess.run(command, check=True, capture_output=True, text=True).stdout.split()
    return float(seconds), float(used)
