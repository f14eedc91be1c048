"""Models of tables with categories, dates and gaps, beside the built-in algorithm on the same table made into numbers.

Both train as many rounds on the same rows, each in a process of its own, from reading CSV to the written model. The
table's code reads the file twice, once to learn and once to encode. The figures of serving are those of the model's
own functions, without a server around them.
"""

from __future__ import annotations

import json
import random
import shutil
import subprocess
import sys
from pathlib import Path

from benchmarks.figures import Figure, at_least, at_most, paired_ratio
from pipeline_lambdas.tabular import job

_ROWS, _SHORT_ROWS = 1_000_000, 10_000
_ROUNDS, _SHORT_ROUNDS = 50, 3
_TIMES = 3
_NUMBERS, _DATES = 12, 2
_CATEGORIES = (3, 8, 40, 90, 2000)
"""Different values of each column of categories."""
_TRAIN_TABLE = """
import os, runpy, sys
folder, rounds = sys.argv[1:]
os.environ |= {"SM_CHANNEL_TRAIN": f"{folder}/train", "SM_MODEL_DIR": f"{folder}/model"}
sys.argv[1:] = ["--num_round", rounds, "--eta", "0.1"]
def run():
    sys.stdout, out = sys.stderr, sys.stdout
    try:
        runpy.run_path(f"{folder}/slipway_tabular.py", run_name="__main__")
    except SystemExit as end:
        assert end.code == 0
    sys.stdout = out
"""
_TRAIN_NUMBERS = """
import sys
from pathlib import Path
from local_aws.sagemaker.containers.contract import Ml
from local_aws.sagemaker.containers.xgboost.train import train
def run():
    sys.stdout, out = sys.stderr, sys.stdout
    assert train(Ml(Path(sys.argv[1]))) == 0
    sys.stdout = out
"""
_MEASURED = """
import json, re, time
{program}
started = time.perf_counter()
run()
seconds = time.perf_counter() - started
print(json.dumps([seconds, int(re.search(r"VmHWM:\\s+(\\d+) kB", open("/proc/self/status").read())[1]) / 1024]))
"""
_SERVE = """
import json, sys, time
from pipeline_lambdas.tabular.serving import input_fn, model_fn, output_fn, predict_fn
model, [row, *_] = model_fn(sys.argv[1] + "/model"), open(sys.argv[1] + "/train/train.csv")
row = row.partition(",")[2]
def ask(rows):
    started = time.perf_counter()
    output_fn(predict_fn(input_fn(row * rows, "text/csv"), model), "text/csv")
    return time.perf_counter() - started
ask(1)
single, many = sorted(ask(1) for _ in range(200)), sorted(ask(10_000) for _ in range(5))
print(json.dumps([single[190] * 1000, 10_000 / many[2]]))
"""


def measure(folder: Path, *, short: bool) -> list[Figure]:
    """Train on a made-up table in both ways, and ask the first model."""
    rows, rounds, times = (_SHORT_ROWS, _SHORT_ROUNDS, 1) if short else (_ROWS, _ROUNDS, _TIMES)
    table, numbers = folder / "table", folder / "numbers"
    _write(table, numbers, rows, rounds)
    peaks: dict[Path, float] = {}

    def seconds(program: str, root: Path, *arguments: str) -> float:
        taken, peaks[root] = _run(_MEASURED.format(program=program), str(root), *arguments)
        return taken

    ratio, ours, theirs = paired_ratio(
        lambda: seconds(_TRAIN_TABLE, table, str(rounds)), lambda: seconds(_TRAIN_NUMBERS, numbers), times
    )
    p95_ms, per_s = _run(_SERVE, str(table))
    name = f"training on a table of {rows:,} rows and {_NUMBERS + _DATES + len(_CATEGORIES) + 1} columns"
    detail = f"{ours:.1f} s, {rounds} rounds; {theirs:.1f} s on numbers"
    return [
        at_most(f"{name} / built-in on numbers", ratio, "x", 2.0, detail),
        at_most(f"memory of {name}", peaks[table], "MiB", 1024.0, f"built-in on numbers: {peaks[numbers]:,.0f}"),
        at_most("a row of a table, p95", p95_ms, "ms", 20.0, "without the server"),
        at_least("rows of a table in a second", per_s, "rows", 10_000.0, "10,000 in a request, one thread"),
    ]


def _write(table: Path, numbers: Path, rows: int, rounds: int) -> None:
    """Write the table as it is, and as numbers for the built-in algorithm."""
    columns: list[dict[str, object]]
    columns = [{"name": f"number {place}", "type": "number"} for place in range(_NUMBERS)]
    columns += [{"name": f"category {n}", "type": "category", "max_categories": 100} for n in _CATEGORIES]
    columns += [{"name": f"date {place}", "type": "date"} for place in range(_DATES)]
    columns.append({"name": "key", "type": "ignore"})
    description = {"schema": "slipway-features/1", "problem": "regression", "label": "y", "classes": []}
    settings = {"num_round": str(rounds), "eta": "0.1", "objective": "reg:squarederror"}
    config = numbers / "input" / "config"
    for path, content in (
        (table / job.FEATURES, {**description, "columns": columns}),
        (config / "hyperparameters.json", settings),
        (config / "inputdataconfig.json", {"train": {"ContentType": "text/csv"}}),
        (config / "resourceconfig.json", {"hosts": ["algo-1"], "current_host": "algo-1"}),
    ):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(content), encoding="utf-8")
    shutil.copy(Path(job.__file__).with_name("entry.py"), table / "slipway_tabular.py")
    _write_rows(table / "train" / "train.csv", numbers / "input" / "data" / "train" / "train.csv", rows)


def _write_rows(raw: Path, encoded: Path, rows: int) -> None:
    source = random.Random(1)  # noqa: S311
    for path in (raw, encoded):
        path.parent.mkdir(parents=True)
    with raw.open("w", encoding="utf-8") as one, encoded.open("w", encoding="utf-8") as other:
        for row in range(rows):
            values = [round(source.gauss(0, 1), 4) for _ in range(_NUMBERS)]
            codes = [int(source.random() ** 2 * count) for count in _CATEGORIES]
            days = [source.randrange(8000) for _ in range(_DATES)]
            label = round(values[0] * 2 + values[1] * values[2] + (codes[0] == 1) * 2 + codes[2] % 3, 4)
            # One number in twenty is missing.
            cells = ["" if source.random() < 0.05 else value for value in values]
            dates = [f"{2000 + day // 372}-{day // 31 % 12 + 1:02}-{day % 28 + 1:02}" for day in days]
            one.write(",".join(map(str, [label, *cells, *(f"value {code}" for code in codes), *dates, row])) + "\n")
            other.write(",".join(map(str, [label, *cells, *codes, *days])) + "\n")


def _run(program: str, *arguments: str) -> tuple[float, float]:
    done = subprocess.run([sys.executable, "-c", program, *arguments], check=True, capture_output=True, text=True)
    first, second = json.loads(done.stdout.splitlines()[-1])
    return float(first), float(second)
