"""The source of a data scientist's program, and the job that gets it."""

from __future__ import annotations

import hashlib
import json
import subprocess
import sys
from pathlib import Path

import pytest

from pipeline_lambdas.release.affected import TRAINING_CONFIG, releasing
from pipeline_lambdas.release.dataset import parse_manifest
from pipeline_lambdas.release.script_mode import job_hyperparameters, plain_hyperparameters, program_of
from pipeline_lambdas.runtime.failures import ConfigurationError
from pipeline_lambdas.steps.source import Source, source_of, unpacked
from pipeline_lambdas.steps.training import TrainingSite, training_request
from tests.events import DATA_BUCKET, KMS_KEY_ARN, MODEL_BUCKET, REGISTRY, ROLE_ARN
from tests.pipeline_lambdas.aws_doubles import manifest
from tests.pipeline_lambdas.scripts import PROGRAM, script_config
from tests.pipeline_lambdas.steps.test_source import RELEASE, members

FOLDER = {"train.py": PROGRAM.encode(), "lib/words.py": b"WORDS = 1\n"}
SITE = TrainingSite(DATA_BUCKET, MODEL_BUCKET, ROLE_ARN, KMS_KEY_ARN, {"xgboost": REGISTRY, "scikit-learn": REGISTRY})


def made(**files: bytes) -> Source:
    source = source_of(script_config(), {**FOLDER, **{name.replace("__", "."): text for name, text in files.items()}})
    assert source is not None
    return source


def test_the_source_holds_the_folder_the_entry_and_what_files_there_are() -> None:
    found = members(made().content)
    assert found.keys() == {*FOLDER, "slipway_script.py", "slipway_script.json"}
    settings = json.loads(found["slipway_script.json"])
    assert settings == {"program": "train.py", "serve": "train.py", "files": sorted(found)}
    assert made().content == made().content
    assert made().sha256 != made(more__py=b"").sha256


@pytest.mark.parametrize(
    ("folder", "message"),
    [
        ({}, "wine-quality/train.py: found no file in the folder; expected train.py"),
        ({**FOLDER, "slipway_script.py": b""}, "found a file of a name that Slipway takes for its own"),
        ({**FOLDER, "requirements.txt": b"polars==1.0\n"}, "line 1: found polars==1.0 without a hash; expected --hash"),
        ({**FOLDER, "big": bytes(17 * 1024 * 1024)}, "expected at most 16777216"),
    ],
)
def test_a_folder_that_cannot_run_is_refused(folder: dict[str, bytes], message: str) -> None:
    with pytest.raises(ConfigurationError, match=message):
        source_of(script_config(), folder)


def test_wheels_in_the_folder_are_allowed() -> None:
    source_of(script_config(), {**FOLDER, "requirements.txt": b"--no-index\n--find-links wheels\npolars==1.0\n"})


def test_a_lock_is_installed_from_the_channel_and_from_the_model() -> None:
    lock = f"polars==1.0 --hash=sha256:{'0' * 64}\n".encode()
    source = source_of(script_config(), {**FOLDER, "requirements.txt": lock}, {"polars-1.0-py3-none-any.whl": "0" * 64})
    assert source is not None
    found = members(source.content)
    assert found["requirements.txt"].startswith(b"--no-index\n--find-links /opt/ml/input/data/wheels\n--find-links whe")
    assert json.loads(found["slipway_script.json"])["wheels"] == {"polars-1.0-py3-none-any.whl": "0" * 64}


@pytest.mark.parametrize("tampered", [False, True])
def test_the_entry_carries_the_wheels_that_were_locked(tmp_path: Path, *, tampered: bool) -> None:
    wheels, name = tmp_path / "wheels", "tiny-1.0-py3-none-any.whl"
    wheels.mkdir()
    (wheels / name).write_bytes(b"a wheel")
    sha256 = hashlib.sha256(b"another" if tampered else b"a wheel").hexdigest()
    lock = f"tiny==1.0 --hash=sha256:{sha256}\n".encode()
    program = b"print('trained')\n"
    source = source_of(script_config(), {"train.py": program, "requirements.txt": lock}, {name: sha256})
    assert source is not None
    unpacked(source, tmp_path / "code")
    variables = {"SM_MODEL_DIR": str(tmp_path / "model"), "SM_CHANNEL_WHEELS": str(wheels)}
    command = [sys.executable, "slipway_script.py"]
    done = subprocess.run(command, cwd=tmp_path / "code", env=variables, capture_output=True, text=True, check=False)
    carried = tmp_path / "model" / "code" / "wheels" / name
    assert (done.returncode, done.stdout) == ((1, "") if tampered else (0, "trained\n"))
    assert carried.exists() is not tampered
    assert ("found another SHA-256; expected" in done.stderr) is tampered


def test_the_entry_trains_carries_the_code_and_serves(tmp_path: Path) -> None:
    unpacked(made(), tmp_path / "code")
    (tmp_path / "train").mkdir()
    (tmp_path / "train" / "a.csv").write_text("yes,1\nno,2\n", encoding="utf-8")
    variables = {"SM_MODEL_DIR": str(tmp_path / "model"), "SM_CHANNEL_TRAIN": str(tmp_path / "train")}
    (tmp_path / "model").mkdir()
    command = [sys.executable, "slipway_script.py", "--weight", "0.5"]
    done = subprocess.run(command, cwd=tmp_path / "code", env=variables, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    carried = tmp_path / "model" / "code"
    assert {path.relative_to(carried).as_posix() for path in carried.rglob("*.*")} == {
        *FOLDER,
        "slipway_script.py",
        "slipway_script.json",
    }
    program = f"import slipway_script as s; print(s.model_fn({str(tmp_path / 'model')!r}), hasattr(s, 'output_fn'))"
    served = subprocess.run([sys.executable, "-c", program], cwd=carried, capture_output=True, text=True, check=True)
    assert served.stdout == "0.5 False\n"


@pytest.mark.parametrize(
    ("program", "code", "last"),
    [
        ("def f():\n    return 1 / 0\nf()\n", 1, "train.py, line 2: ZeroDivisionError: division by zero"),
        ("import lib.words\nlib.words.absent()\n", 1, "train.py, line 2: AttributeError"),
        ("x = = 1\n", 1, "train.py, line 1: SyntaxError"),
        ("import sys\nsys.exit('no rows')\n", 1, "no rows"),
        ("import sys\nsys.exit(3)\n", 3, ""),
    ],
)
def test_a_program_that_fails_tells_its_line(tmp_path: Path, program: str, code: int, last: str) -> None:
    unpacked(made(train__py=program.encode()), tmp_path)
    command = [sys.executable, "slipway_script.py"]
    done = subprocess.run(
        command, cwd=tmp_path, env={"SM_MODEL_DIR": str(tmp_path / "m")}, capture_output=True, text=True, check=False
    )
    assert done.returncode == code
    assert (done.stderr.splitlines() or [""])[-1].startswith(last)
    assert not (tmp_path / "m").exists()


def test_numbers_are_numbers_to_the_program() -> None:
    config = script_config()
    program = program_of(config)
    assert program == "slipway_script.py"
    found = job_hyperparameters(config.hyperparameters, program, "job", "us-east-1")
    assert {name: found[name] for name in config.hyperparameters} == {
        "weight": "0.5",
        "kind": '"ridge"',
        "fast": '"true"',
        "steps": "7",
        "code": '"007"',
    }
    assert plain_hyperparameters(found) == config.hyperparameters


def test_the_request_names_image_and_metrics() -> None:
    metrics = {"validation:auc": "auc: ([0-9.]+)"}
    config = script_config(script={"program": "train.py", "answers": "probability", "metrics": metrics})
    dataset = parse_manifest(json.dumps(manifest({"train/train.csv": b"yes,1\n"})).encode(), "wine-quality")
    algorithm = training_request("job", RELEASE, config, dataset, SITE, "s3://b/source/")["AlgorithmSpecification"]
    assert algorithm["TrainingImage"].endswith("/sagemaker-scikit-learn:1.4-2-cpu-py3")
    assert algorithm["MetricDefinitions"] == [{"Name": "validation:auc", "Regex": "auc: ([0-9.]+)"}]
    # SageMaker refuses them for its own algorithms, of which XGBoost's image is one.
    boosted = script_config(
        script={"program": "train.py", "answers": "probability", "metrics": metrics},
        algorithm={"name": "xgboost", "version": "3.0-5"},
    )
    request = training_request("job", RELEASE, boosted, dataset, SITE, "s3://b/source/")
    assert "MetricDefinitions" not in request["AlgorithmSpecification"]


def test_a_change_in_the_folder_releases_the_model() -> None:
    paths = ["churn.yml", "churn/train.py", "churn-2/train.py", "other.yml"]
    assert releasing(TRAINING_CONFIG, "churn", paths) == ("churn.yml", "churn/train.py")
