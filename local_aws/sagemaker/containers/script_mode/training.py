"""The program `train` of a framework image: brings the code, installs its packages, runs the script, reports.

https://github.com/aws/sagemaker-training-toolkit, trainer.py, entry_point.py and process.py;
https://github.com/aws/sagemaker-containers, _trainer.py and _modules.py, which XGBoost's image runs scripts by.

As on AWS, a stop of the job does not reach the script
(https://github.com/aws/sagemaker-training-toolkit/issues/125): there it is killed 120 s later, here at once.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
import traceback
from io import BufferedReader
from pathlib import Path
from shlex import quote

from local_aws.sagemaker.containers.script_mode import confinement, frameworks, packages, source
from local_aws.sagemaker.containers.script_mode.environment import TrainingEnvironment
from local_aws.sagemaker.containers.script_mode.failures import ClientError, CommandError, framework_error
from local_aws.sagemaker.containers.script_mode.task import Task
from local_aws.sagemaker.containers.script_mode.toolkit_log import ToolkitLog

_ERRORS = ("Error", "Exception", "Interrupt", "SystemExit", "Warning")
"""What names of errors contain: what the toolkit quotes begins with the first such line (watch in process.py)."""
_QUOTED_LINES = 200


class Training:
    """One training job in its container."""

    def __init__(self, task: Task) -> None:
        self._task = task
        self._framework = frameworks.of_image(task.image)
        self._environment = TrainingEnvironment(task, self._framework, os.environ)
        self._lines = ToolkitLog("sagemaker-containers" if self._framework.legacy else "sagemaker-training-toolkit")

    def run(self) -> int:
        """The container's exit code; a failure is in /opt/ml/output/failure."""
        try:
            self._train()
        except ClientError as error:
            self._lines.error(str(error))
            self._report(framework_error(error) if self._framework.wrapped else str(error))
            return 1
        except Exception as error:  # noqa: BLE001 - every failure has its file
            self._lines.error(f"Reporting training FAILURE\n{traceback.format_exc()}")
            self._report(framework_error(error))
            return getattr(error, "errno", None) or 1
        output = self._task.ml.failure_file.parent
        output.mkdir(exist_ok=True)
        (output / "success").touch()
        self._lines.info("Reporting training SUCCESS")
        return 0

    def _train(self) -> None:
        if self._task.shared:
            self._lines.warning(
                f"This machine cannot give a job its own /opt/ml ({self._task.shared}). It is {self._task.base}, which "
                "the SM_ variables name; a script that opens /opt/ml itself does not find it"
            )
        note = self._task.ml.gpu_note()
        if note and not self._environment.description["num_gpus"]:
            self._lines.warning(note)
        program = self._environment.program
        if program is None:
            raise ValueError(f"no script: name it with the hyperparameter {frameworks.PROGRAM}")
        self._lines.info("Invoking user training script.")
        source.fetch(self._environment.submit_directory, self._task)
        installer = packages.Installer(self._task, self._lines)
        installed = installer.install()
        differing = installer.versions_line(installed)
        if differing:
            self._lines.info(differing)
        command = self._command(program)
        variables = self._environment.all_variables()
        self._announce(command, variables)
        confinement.confine(self._task, self._lines)
        code, output = self._execute(command, {**os.environ, **variables, **self._import_path(installed)})
        if code != 0:
            raise CommandError("ExecuteUserScriptError", command, code, output, legacy=self._framework.legacy)

    def _command(self, program: str) -> list[str]:
        """The script's command: a module for XGBoost and for code with a setup.py, else a file or a shell command."""
        arguments = self._environment.arguments
        if self._framework.legacy or (self._task.code / "setup.py").is_file():
            return [sys.executable, "-m", program.removesuffix(".py"), *arguments]
        if program.endswith(".py"):
            return [sys.executable, program, *arguments]
        (self._task.code / program).chmod(0o777)
        return ["/bin/sh", "-c", " ".join([f"./{program}", *map(quote, arguments)])]

    def _announce(self, command: list[str], variables: dict[str, str]) -> None:
        listed = "\n".join(f"{name}={value}" for name, value in variables.items())
        described = json.dumps(self._environment.description, indent=4, sort_keys=True)
        self._lines.info(
            f"Invoking user script\n\nTraining Env:\n\n{described}\n\nEnvironment variables:\n\n{listed}\n\n"
            f"Invoking script with the following command:\n\n{' '.join(command)}\n\n"
        )

    def _import_path(self, installed: Path | None) -> dict[str, str]:
        return {"PYTHONPATH": os.pathsep.join(map(str, filter(None, (self._task.code, installed))))}

    def _execute(self, command: list[str], environment: dict[str, str]) -> tuple[int, str]:
        """The script's exit code, negative for a signal, and what the toolkit quotes of its output."""
        if not self._framework.captures_errors:
            ended = subprocess.run(command, cwd=self._task.code, env=environment, check=False)
            return ended.returncode, ""
        process = subprocess.Popen(command, cwd=self._task.code, env=environment, stderr=subprocess.PIPE)
        kept: list[str] = []
        if isinstance(process.stderr, BufferedReader):
            reader = threading.Thread(target=_pass_on, args=(process.stderr, kept), daemon=True)
            reader.start()
            reader.join()
        return process.wait(), "\n".join(dict.fromkeys(kept))

    def _report(self, text: str) -> None:
        """Write the failure file; the newer toolkit keeps one that the script wrote."""
        if self._framework.legacy or self._framework.wrapped or not self._task.ml.failure_file.exists():
            self._task.ml.write_failure(text)


def _pass_on(stream: BufferedReader, kept: list[str]) -> None:
    """Copy lines to the log, and keep those from the first that names an error on."""
    for line in stream:
        text = line.decode("utf-8", "replace").rstrip("\n")
        sys.stdout.write(f"{text}\n")
        sys.stdout.flush()
        if (kept or any(word in text for word in _ERRORS)) and len(kept) < _QUOTED_LINES:
            kept.append(text)


def main() -> None:
    """Train."""
    code = Training(Task.take(os.environ)).run()
    sys.stdout.flush()
    os._exit(code)


if __name__ == "__main__":
    main()
