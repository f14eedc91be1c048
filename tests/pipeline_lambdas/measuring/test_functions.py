"""What a function gets wrong becomes a sentence with file and line."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from pipeline_lambdas.measuring.functions import FunctionError, OutOfTimeError, call, load, until
from pipeline_lambdas.measuring.tested import Sample, fixed

FILE = "own_functions.py"
SAMPLE = Sample(
    labels=fixed(np.array([1.0, 2.0, 3.0])),
    predictions=fixed(np.array([1.0, 2.0, 5.0])),
    columns={"age": fixed(np.array([30.0, np.nan, 50.0]))},
)


@pytest.fixture(autouse=True)
def forgotten(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """No module of a test is left for another one."""
    monkeypatch.setattr(sys, "path", list(sys.path))
    monkeypatch.setattr(sys, "dont_write_bytecode", True)
    yield
    for name in ("own_functions", "beside"):
        sys.modules.pop(name, None)


def value_of(folder: Path, body: str, *names: str) -> float:
    (folder / FILE).write_text(f"import numpy as np\n\ndef own(labels, predictions, rows):\n{body}\n", encoding="utf-8")
    sys.modules.pop("own_functions", None)
    function = load(folder, FILE, names or ["own"])["own"]
    return call(function, SAMPLE, SAMPLE.predictions, folder, FILE)


@pytest.mark.parametrize(
    ("body", "value"),
    [
        ("    return np.abs(labels - predictions).mean()", 2 / 3),
        ("    return 3", 3.0),
        ("    return np.float32(0.5)", 0.5),
        ("    return np.int64(7)", 7.0),
        ("    return np.nanmean(rows['age'])", 40.0),
        ("    return len(labels) + len(list(rows))", 4.0),
        ("    import beside\n    return beside.FIVE", 5.0),
    ],
)
def test_a_function_returns_a_number(tmp_path: Path, body: str, value: float) -> None:
    (tmp_path / "beside.py").write_text("FIVE = 5", encoding="utf-8")
    assert value_of(tmp_path, body) == pytest.approx(value)


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ("    return float('nan')", f"{FILE}: own returned nan; expected a finite number"),
        ("    return float('inf')", f"{FILE}: own returned inf; expected a finite number"),
        ("    return 10 ** 400", f"{FILE}: own returned inf; expected a finite number"),
        ("    return -(10 ** 400)", f"{FILE}: own returned -inf; expected a finite number"),
        ("    return 'much'", f"{FILE}: own returned str; expected a number"),
        ("    return None", f"{FILE}: own returned NoneType; expected a number"),
        ("    return True", f"{FILE}: own returned bool; expected a number"),
        ("    return labels", f"{FILE}: own returned ndarray; expected a number"),
        ("    return 1 / 0", f"{FILE}, line 4: ZeroDivisionError: division by zero"),
        ("    exit('bye')", f"{FILE}, line 4: SystemExit: bye"),
        ("    return np.zeros(2) @ np.zeros(3)", f"{FILE}, line 4: ValueError: matmul"),
        ("    labels[0] = 9", f"{FILE}, line 4: ValueError: assignment destination is read-only"),
        ("    return rows['agee']", f"{FILE}, line 4: KeyError: 'agee; the columns are age'"),
        ("    import beside\n    return beside.fail()", "beside.py, line 2: RuntimeError: from beside"),
        ("    raise ValueError('caf\\udce9')", f"{FILE}, line 4: ValueError: caf\\udce9"),
        ("    raise ValueError('x' * 5000)", f"{FILE}, line 4: ValueError: xxx"),
    ],
)
def test_what_goes_wrong_is_told(tmp_path: Path, body: str, message: str) -> None:
    (tmp_path / "beside.py").write_text("def fail():\n    raise RuntimeError('from\\n beside')\n", encoding="utf-8")
    with pytest.raises(FunctionError) as caught:
        value_of(tmp_path, body)
    assert str(caught.value).startswith(message)
    assert len(str(caught.value)) < 500


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("def own(labels):\n    return 1\n", f"{FILE}: found own(labels); expected own(labels, predictions, rows)"),
        ("x = 1\n", f"{FILE}: found no function own; expected own(labels, predictions, rows)"),
        ("own = 3\n", f"{FILE}: found no function own; expected"),
        ("\ndef own(:\n", f"{FILE}, line 2: SyntaxError: "),
        ("import nonesuch\n", f"{FILE}, line 1: ModuleNotFoundError: No module named 'nonesuch'"),
        ("import sys\n\nsys.exit(3)\n", f"{FILE}, line 3: SystemExit: 3"),
    ],
)
def test_a_file_that_lacks_a_function_is_refused(tmp_path: Path, text: str, message: str) -> None:
    (tmp_path / FILE).write_text(text, encoding="utf-8")
    with pytest.raises(FunctionError) as caught:
        load(tmp_path, FILE, ["own"])
    assert str(caught.value).startswith(message)


def test_a_function_that_takes_too_long_is_interrupted(tmp_path: Path) -> None:
    started = time.monotonic()
    with pytest.raises(OutOfTimeError), until(started + 0.2):
        value_of(tmp_path, "    while True: pass")
    assert time.monotonic() - started < 20


def test_a_time_that_is_over_interrupts_at_once(tmp_path: Path) -> None:
    with pytest.raises(OutOfTimeError), until(time.monotonic() - 5):
        value_of(tmp_path, "    while True: pass")
    # Nothing is left that would interrupt what comes next.
    assert value_of(tmp_path, "    while True: return 1") == 1.0


def test_a_file_of_the_name_of_a_module_that_is_imported_already_is_told(tmp_path: Path) -> None:
    (tmp_path / "csv.py").write_text("def own(labels, predictions, rows):\n    return 1\n", encoding="utf-8")
    with pytest.raises(FunctionError) as caught:
        load(tmp_path, "csv.py", ["own"])
    assert str(caught.value) == (
        "csv.py: found a module of Python's of this name; expected another name, such as metrics.py"
    )
