"""Trains and serves a program on a few rows of its dataset, in processes of their own."""

from __future__ import annotations

import csv
import io
import json
import re
import subprocess
import tempfile
import time
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from pipeline_lambdas.config.model import TrainingConfig
from pipeline_lambdas.release.affected import program_folder
from pipeline_lambdas.release.script_mode import SCRIPT_PROGRAM, job_hyperparameters
from pipeline_lambdas.steps.source import folder_problems, source_of, unpacked
from slipway.programs.folder import read_program
from slipway.programs.process import LONGEST_S, missing_module, run_python

ROWS, ASKED = 100, 10
_PLACED = re.compile(r"[\w/]+\.py(?:, line \d+)?: ")
_SMOKE = Path(__file__).with_name("smoke.py")


@dataclass(frozen=True)
class Tried:
    """What came of it: problems, or what could not be tried and why, or what was done."""

    problems: tuple[str, ...] = ()
    warning: str = ""
    done: str = ""


class _FailedError(Exception):
    """A process of the program failed; the message is its last line."""


def try_program(config: TrainingConfig, configs: Path, dataset: Path) -> Tried:
    """Import the program, look at its functions, and train and ask it on the first rows of a dataset, if there is one.

    Its processes see neither AWS nor the variables of this one, except the few that any program needs.
    """
    place, started = program_folder(config.model), time.monotonic()
    files = read_program(configs / config.model)
    problems = tuple(folder_problems(config, files))
    source = None if problems else source_of(config, files)
    if source is None or config.script is None:
        return Tried(problems)
    with tempfile.TemporaryDirectory() as made:
        trial = _Trial(Path(made), config)
        unpacked(source, trial.code)
        try:
            rows = trial.run(dataset)
        except _FailedError as error:
            name = missing_module(str(error), files)
            if name:
                return Tried(
                    warning=f"{place}{config.script.program}: not tried, as this Python has no {name}; the image may "
                    "have it. Install it here to try the program before a push"
                )
            return Tried((f"{place}{error}",))
    seconds = time.monotonic() - started
    told = f"trained on {ROWS} rows of each channel at most and answered {rows}" if rows else "imported, without data"
    return Tried(done=f"{place}{config.script.program}: {told}, in {seconds:.1f} s")


class _Trial:
    """The folders of one trial, as a container has them below /opt/ml."""

    def __init__(self, base: Path, config: TrainingConfig) -> None:
        self._base, self._config = base, config
        self.code, self._model = base / "code", base / "model"
        for folder in (self.code, self._model, base / "output" / "data"):
            folder.mkdir(parents=True)

    def run(self, dataset: Path) -> int:
        """Return how many rows were answered, 0 without a dataset. Raises _FailedError."""
        if not dataset.is_dir():
            self._ask(self.code, "")
            return 0
        channels = {name: self._channel(dataset, name) for name in self._config.channels}
        variables = {f"SM_CHANNEL_{name.upper()}": str(folder) for name, folder in channels.items()}
        self._start([SCRIPT_PROGRAM, *self._arguments()], self._variables(list(channels)) | variables)
        rows = _asked(channels["train"])
        (self._base / "rows.csv").write_text("".join(f"{row}\n" for row in rows), encoding="utf-8")
        self._ask(self._model / "code", str(self._model))
        self._check_answer((self._base / "answer").read_bytes(), len(rows))
        return len(rows)

    def _channel(self, dataset: Path, name: str) -> Path:
        """Copy the first rows of a channel."""
        folder = self._base / "input" / "data" / name
        folder.mkdir(parents=True)
        for path in sorted((dataset / name).rglob("*")):
            if path.is_file() and not path.name.startswith((".", "_")):
                with path.open("rb") as file:
                    (folder / path.name).write_bytes(b"".join(islice(file, ROWS)))
                break
        return folder

    @property
    def _hyperparameters(self) -> dict[str, str]:
        tuning = self._config.tuning
        return {**self._config.hyperparameters, **(tuning.sample if tuning else {})}

    def _arguments(self) -> list[str]:
        pairs = sorted(self._hyperparameters.items())
        return [word for name, value in pairs for word in (f"{'--' if len(name) > 1 else '-'}{name}", value)]

    def _variables(self, channels: list[str]) -> dict[str, str]:
        """https://github.com/aws/sagemaker-training-toolkit/blob/master/ENVIRONMENT_VARIABLES.md."""
        return {
            "SM_MODEL_DIR": str(self._model),
            "SM_OUTPUT_DATA_DIR": str(self._base / "output" / "data"),
            "SM_OUTPUT_DIR": str(self._base / "output"),
            "SM_INPUT_DIR": str(self._base / "input"),
            "SM_CHANNELS": json.dumps(sorted(channels)),
            "SM_HPS": json.dumps(self._decoded()),
            "SM_HOSTS": '["algo-1"]',
            "SM_CURRENT_HOST": "algo-1",
            "SM_NUM_CPUS": "1",
            "SM_NUM_GPUS": "0",
        } | {f"SM_HP_{name.upper()}": value for name, value in self._hyperparameters.items()}

    def _decoded(self) -> dict[str, object]:
        """The hyperparameters as the toolkit decodes them: what is written as a number is one."""
        sent = job_hyperparameters(self._hyperparameters, SCRIPT_PROGRAM, "", "")
        return {name: json.loads(sent[name]) for name in self._hyperparameters}

    def _ask(self, code: Path, model: str) -> None:
        words = [str(code), model, str(self._base / "rows.csv"), str(self._base / "answer")]
        self._start([str(_SMOKE), *words, self._config.algorithm.name], {})

    def _start(self, words: list[str], variables: Mapping[str, str]) -> None:
        try:
            ended = run_python(words, self.code, self._base, LONGEST_S, variables)
        except subprocess.TimeoutExpired:
            raise _FailedError(
                f"{self._program}: found no end after {LONGEST_S} s on {ROWS} rows; expected one in seconds"
            ) from None
        if ended.code != 0:
            text = ended.reason
            raise _FailedError(text if _PLACED.match(text) else f"{self._program}: {text}")

    def _check_answer(self, content: bytes, rows: int) -> None:
        script = self._config.script
        form = self._config.prediction_form
        serve = script.serve if script else ""
        try:
            found = form.read(content)
        except ValueError as error:
            raise _FailedError(f"{serve}: the answer is not {script and script.answers}: {error}") from None
        if len(found) != rows * form.width:
            raise _FailedError(
                f"{serve}: found {len(found)} values for {rows} rows; expected {form.width} for each, a row a line"
            )
        if form.probability and not all(0.0 <= value <= 1.0 for value in found):
            raise _FailedError(f"{serve}: found numbers outside of 0 to 1; expected probabilities")

    @property
    def _program(self) -> str:
        return self._config.script.program if self._config.script else ""


def _asked(train: Path) -> list[str]:
    """Return raw rows without their label, as a caller sends them."""
    rows: list[str] = []
    for path in train.iterdir():
        with path.open(encoding="utf-8", newline="") as file:
            for cells in islice(csv.reader(file), ASKED):
                line = io.StringIO()
                csv.writer(line, lineterminator="").writerow(cells[1:])
                rows.append(line.getvalue())
    return rows
