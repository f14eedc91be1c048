"""CloudFormation: what cfn-lint finds in a template.

cfn-lint runs in a process of its own, as its imports and schemas would cost the server 150 MB. What it finds is kept
by the template's hash, in memory and in the state folder, so that each template is looked at once.
"""

from __future__ import annotations

import hashlib
import json
import subprocess
import sys
import threading
from collections.abc import Mapping
from importlib.metadata import version
from pathlib import Path
from typing import Any

from local_aws.base.cloudformation.template_errors import Finding

_PROGRAM = Path(__file__).parents[2] / "template_linter.py"
_TIMEOUT_S = 300.0


class LinterFailedError(Exception):
    """cfn-lint could not judge a template, which is a fault of local AWS."""


class TemplateFindings:
    """Runs cfn-lint on templates, one at a time, and remembers what it found."""

    def __init__(self, folder: Path, region: str) -> None:
        """Findings are kept in `folder`; templates are judged as for `region`."""
        self._folder, self._region = folder, region
        self._known: dict[str, list[Finding]] = {}
        self._process: subprocess.Popen[str] | None = None
        self._stopped = False
        self._lock = threading.Lock()
        self._judge = [region, version("cfn-lint"), hashlib.sha256(_PROGRAM.read_bytes()).hexdigest()]

    def known(self, template: Mapping[str, Any]) -> list[Finding] | None:
        """Return the findings of an earlier check of this template; None if there was none."""
        key = self._key(template)
        if key not in self._known:
            try:
                found = json.loads((self._folder / f"{key}.json").read_text(encoding="utf-8"))
            except (OSError, ValueError):
                return None
            self._known[key] = _findings(found)
        return self._known[key]

    def look(self, template: Mapping[str, Any]) -> None:
        """Run cfn-lint on the template, which takes seconds. Raises LinterFailedError."""
        with self._lock:
            if self.known(template) is not None:
                return
            found = self._run(template)
            self._folder.mkdir(parents=True, exist_ok=True)
            key = self._key(template)
            partial = self._folder / f"{key}.partial"
            partial.write_text(json.dumps(found), encoding="utf-8")
            partial.replace(self._folder / f"{key}.json")
            self._known[key] = _findings(found)

    def stop(self) -> None:
        """End the process if it runs."""
        self._stopped = True
        if self._process is not None:
            self._process.kill()
            self._process.wait()

    def _run(self, template: Mapping[str, Any]) -> Any:
        request = json.dumps({"template": template, "region": self._region}) + "\n"
        while not self._stopped:
            kept = self._process is not None and self._process.poll() is None
            process = self._process if kept and self._process is not None else self._start()
            answer = _ask(process, request)
            if answer:
                return json.loads(answer)
            process.kill()
            process.wait()
            if not kept:  # one that was kept may have ended for want of work as it was asked
                raise LinterFailedError("cfn-lint could not judge a template; why stands above, in server.log")
        raise LinterFailedError("local AWS is stopping")

    def _start(self) -> subprocess.Popen[str]:
        self._process = subprocess.Popen(
            [sys.executable, "-P", str(_PROGRAM)],
            text=True,
            cwd=_PROGRAM.parent,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            start_new_session=True,
        )
        return self._process

    def _key(self, template: Mapping[str, Any]) -> str:
        return hashlib.sha256(json.dumps([template, *self._judge]).encode()).hexdigest()


def _ask(process: subprocess.Popen[str], request: str) -> str:
    """The program's answer; empty if it ends instead."""
    if process.stdin is None or process.stdout is None:
        raise LinterFailedError("cfn-lint was started without its pipes")
    limit = threading.Timer(_TIMEOUT_S, process.kill)
    limit.daemon = True
    limit.start()
    try:
        process.stdin.write(request)
        process.stdin.flush()
        return process.stdout.readline()
    except BrokenPipeError:
        return ""
    finally:
        limit.cancel()


def _findings(found: list[Mapping[str, Any]]) -> list[Finding]:
    return [Finding(one["rule"], one["message"], tuple(one["path"])) for one in found]
