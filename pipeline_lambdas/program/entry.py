"""The program that SageMaker runs, at the top of the source tarball as slipway_script.py.

Run, it runs the program that slipway_script.json names, as if SageMaker had, and then copies the files that are listed
there into the model, with the wheels of its packages, so that it can be served without a network. Imported, it has the
functions of the program that serves.
"""

from __future__ import annotations

import hashlib
import importlib
import json
import os
import runpy
import shutil
import sys
import traceback
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).resolve().parent
SETTINGS = FOLDER / "slipway_script.json"
# Those that the toolkits look for: https://github.com/aws/sagemaker-inference-toolkit, transformer.py
FUNCTIONS = ("model_fn", "input_fn", "predict_fn", "output_fn", "transform_fn")


def settings() -> dict[str, Any]:
    """Return what slipway_script.json holds: program, serve, files, and perhaps wheels: file name to SHA-256."""
    found: dict[str, Any] = json.loads(SETTINGS.read_text(encoding="utf-8"))
    return found


def train(program: str) -> int:
    """Run the program; return its exit code. A traceback ends with the line of the program that failed."""
    path = str(FOLDER / program)
    sys.argv[0] = path
    try:
        runpy.run_path(path, run_name="__main__")
    except SystemExit as end:
        if end.code is not None and not isinstance(end.code, int):
            sys.stderr.write(f"{end.code}\n")
            return 1
        return end.code or 0
    except BaseException as error:  # noqa: BLE001 - whatever it is, it ends here with its place
        traceback.print_exc()
        sys.stderr.write(f"{place(error)}: {traceback.format_exception_only(type(error), error)[-1]}")
        return 1
    return 0


def place(error: BaseException) -> str:
    """Return the last line of the user's files that an error came through."""
    own = str(FOLDER)
    frames = [frame for frame in traceback.extract_tb(error.__traceback__) if frame.filename.startswith(own)]
    inside = [frame for frame in frames if Path(frame.filename).name != Path(__file__).name]
    if isinstance(error, SyntaxError) and (error.filename or "").startswith(own):
        return f"{Path(str(error.filename)).relative_to(own)}, line {error.lineno}"
    return f"{Path(inside[-1].filename).relative_to(own)}, line {inside[-1].lineno}" if inside else "the program"


def carry(files: list[str], model: Path) -> None:
    """Copy the code into the model."""
    for name in files:
        target = model / "code" / name
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(FOLDER / name, target)


def carry_wheels(wheels: dict[str, str], folder: Path, model: Path) -> None:
    """Copy the wheels into the model, where the image's toolkit installs them before it serves."""
    target = model / "code" / "wheels"
    target.mkdir(parents=True, exist_ok=True)
    for name in wheels:
        shutil.copyfile(folder / name, target / name)


def other_wheel(wheels: dict[str, str], folder: Path) -> str:
    """Return the first wheel that is not the one that was locked; "" if all are."""
    for name, sha256 in wheels.items():
        made = hashlib.sha256()
        with (folder / name).open("rb") as file:
            for part in iter(lambda: file.read(1 << 20), b""):
                made.update(part)
        if made.hexdigest() != sha256:
            return name
    return ""


def main() -> int:
    found = settings()
    wheels, folder = found.get("wheels", {}), Path(os.environ.get("SM_CHANNEL_WHEELS", ""))
    other = other_wheel(wheels, folder)
    if other:
        sys.stderr.write(f"{folder / other}: found another SHA-256; expected {wheels[other]}, which was locked\n")
        return 1
    code = train(found["program"])
    if code == 0:
        model = Path(os.environ["SM_MODEL_DIR"])
        carry(found["files"], model)
        if wheels:
            carry_wheels(wheels, folder, model)
    return code


def serving() -> dict[str, Any]:
    """Return the functions of the program that serves, by name."""
    module = importlib.import_module(settings()["serve"][: -len(".py")])
    return {name: getattr(module, name) for name in FUNCTIONS if hasattr(module, name)}


# Where it has its own name, and lies beside no program, it does nothing.
if SETTINGS.stem == Path(__file__).stem:
    if str(FOLDER) not in sys.path:
        sys.path.insert(0, str(FOLDER))
    if __name__ == "__main__":
        sys.exit(main())
    globals().update(serving())
