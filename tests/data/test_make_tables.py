from __future__ import annotations

import subprocess
import sys
from pathlib import Path

DATA = Path(__file__).resolve().parents[2] / "data"
NAMES = ["churn.csv", "sales.csv", "tickets.csv"]


def test_the_committed_tables_are_what_the_generator_makes(tmp_path: Path) -> None:
    subprocess.run([sys.executable, "-I", str(DATA / "make_tables.py"), str(tmp_path)], check=True)
    made = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    assert made == {path.name: path.read_bytes() for path in (DATA / "examples").iterdir()}
    assert sorted(made) == NAMES
