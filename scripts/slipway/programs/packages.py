"""Looks for the wheels of a model's lock, as Build will, without fetching what pip need not fetch for that.

https://pip.pypa.io/en/stable/reference/installation-report/
"""

from __future__ import annotations

import json
import tempfile
from pathlib import Path

from slipway_build.errors import BuildError
from slipway_build.pip_wheels import UnreachableError, run_pip, target_options

from pipeline_lambdas.config.model import TrainingConfig
from pipeline_lambdas.release.affected import program_folder
from pipeline_lambdas.release.wheels import FILE, Lock, lock_of
from slipway.programs.trial import Tried

_LONGEST_S = 120


def look_for_packages(config: TrainingConfig, configs: Path) -> Tried:
    """Tell whether there is a wheel for each package of the lock, with a hash that the lock has."""
    file = configs / config.model / FILE
    found = lock_of(config, file.read_bytes()) if file.is_file() else None
    if found is None:
        return Tried()
    lock, platform = found
    place = f"{program_folder(config.model)}{FILE}"
    with tempfile.TemporaryDirectory() as made:
        wanted, report = Path(made) / "wanted.txt", Path(made) / "report.json"
        wanted.write_text("".join(f"{pin.requirement}\n" for pin in lock.pins), encoding="utf-8")
        words = ["install", "--dry-run", "--target", made, "--report", str(report), "-r", str(wanted)]
        try:
            run_pip([*words, *target_options(platform)], platform, place, _LONGEST_S)
        except UnreachableError as error:
            return Tried(warning=f"{error} Build looks for the packages again")
        except BuildError as error:
            return Tried((str(error),))
        other = _other(lock, report.read_text(encoding="utf-8"))
    if other:
        return Tried(warning=f"{place}: the lock has no hash of {other}; Build takes another file of it, or fails")
    return Tried(done=f"{place}: there are wheels of its {len(lock.pins)} packages for {platform.title}")


def _other(lock: Lock, report: str) -> str | None:
    """Return the first wheel of pip's report whose hash the lock has not."""
    for item in json.loads(report)["install"]:
        info = item["download_info"]
        if info.get("archive_info", {}).get("hashes", {}).get("sha256") not in lock.hashes:
            return str(info["url"]).rpartition("/")[2]
    return None
