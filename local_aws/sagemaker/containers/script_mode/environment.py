"""What a training script sees of its job: arguments, SM_* variables.

https://github.com/aws/sagemaker-training-toolkit/blob/master/ENVIRONMENT_VARIABLES.md and environment.py there;
https://github.com/aws/sagemaker-containers, _env.py, for XGBoost's image, which knows fewer variables.
"""

from __future__ import annotations

import json
import os
import shlex
import shutil
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from local_aws.sagemaker.containers.script_mode.frameworks import PROGRAM, Framework
from local_aws.sagemaker.containers.script_mode.task import Task

_SAGEMAKER = "sagemaker_"
_OWN = frozenset(
    {
        PROGRAM,
        "sagemaker_submit_directory",
        "sagemaker_enable_cloudwatch_metrics",
        "sagemaker_region",
        "sagemaker_container_log_level",
        "sagemaker_job_name",
        "sagemaker_s3_output",
        "default_user_module_name",
        "_tuning_objective_metric",
    }
)
"""SAGEMAKER_HYPERPARAMETERS in the toolkits' params.py."""
_INFO = 20


@dataclass(frozen=True)
class TrainingEnvironment:
    """One job, as its configuration in /opt/ml/input/config and the container's variables give it."""

    task: Task
    framework: Framework
    variables: Mapping[str, str]

    @cached_property
    def decoded(self) -> dict[str, Any]:
        """All hyperparameters, decoded from JSON where they are JSON, as the SDK writes them."""
        return {name: _decoded(text) for name, text in self.task.ml.hyperparameters().items()}

    @cached_property
    def hyperparameters(self) -> dict[str, Any]:
        """Those of the script."""
        return {name: value for name, value in self.decoded.items() if not _is_own(name)}

    @property
    def program(self) -> str | None:
        """The script's name."""
        found = self.variables.get(PROGRAM.upper()) or self.decoded.get(PROGRAM)
        return None if found is None else str(found)

    @property
    def submit_directory(self) -> str:
        """Where the code is."""
        return str(self.decoded.get(f"{_SAGEMAKER}submit_directory", self._path("code")))

    @cached_property
    def arguments(self) -> list[str]:
        """The script's arguments, sorted by name: `--name value`, `-n value` for a name of one letter."""
        pairs = sorted(self.hyperparameters.items())
        return [word for name, value in pairs for word in (f"{'--' if len(name) > 1 else '-'}{name}", _argument(value))]

    def all_variables(self) -> dict[str, str]:
        """The SM_* variables, and those that the image and the toolkit set."""
        described = self.description
        hosts = self._resources.get("hosts", [])
        named: dict[str, Any] = {
            **{name: described[name] for name in _SHARED if name in described},
            "hosts": hosts,
            "hps": self.hyperparameters,
            "framework_params": described["additional_framework_parameters"],
            "channels": sorted(self._channels),
            "training_env": described,
            "user_args": self.arguments,
            **{f"channel_{name}": path for name, path in self._channels.items()},
            **{f"hp_{name}": value for name, value in self.hyperparameters.items()},
        }
        return {**self._image_variables(), **{f"SM_{name.upper()}": _text(value) for name, value in named.items()}}

    @cached_property
    def description(self) -> dict[str, Any]:
        """SM_TRAINING_ENV."""
        resources, host = self._resources, self._resources.get("current_host", "algo-1")
        program = self.program
        made: dict[str, Any] = {
            "additional_framework_parameters": {
                name: value for name, value in self.decoded.items() if name.startswith(_SAGEMAKER) and name not in _OWN
            },
            "channel_input_dirs": self._channels,
            "current_host": host,
            "framework_module": f"{_CONTAINERS[self.framework.repository]}.training:main",
            "hosts": resources.get("hosts", [host]),
            "hyperparameters": self.hyperparameters,
            "input_config_dir": self._path("input/config"),
            "input_data_config": self.task.ml.input_data_config(),
            "input_dir": self._path("input"),
            "is_master": host == resources.get("hosts", [host])[0],
            "job_name": self.variables.get("TRAINING_JOB_NAME"),
            "log_level": self.decoded.get(f"{_SAGEMAKER}container_log_level", _INFO),
            "master_hostname": resources.get("hosts", [host])[0],
            "model_dir": self._path("model"),
            "module_dir": self.submit_directory,
            "module_name": None if program is None else program.removesuffix(".py"),
            "network_interface_name": resources.get("network_interface_name", "eth0"),
            "num_cpus": os.cpu_count(),
            "num_gpus": _gpus(),
            "output_data_dir": self._path("output/data"),
            "output_dir": self._path("output"),
            "output_intermediate_dir": self._path("output/intermediate"),
            "resource_config": resources,
            "user_entry_point": program,
        }
        return made if self.framework.legacy else {**made, **self._cluster()}

    def _cluster(self) -> dict[str, Any]:
        """What only the newer toolkit tells."""
        resources = self._resources
        groups = resources.get("instance_groups", [])
        return {
            "current_instance_group": resources.get("current_group_name", "homogeneousCluster"),
            "current_instance_group_hosts": resources.get("hosts", []),
            "current_instance_type": resources.get("current_instance_type", "local"),
            "distribution_hosts": [],
            "distribution_instance_groups": [],
            "instance_groups": [group["instance_group_name"] for group in groups],
            "instance_groups_dict": {group["instance_group_name"]: group for group in groups},
            "is_hetero": len(groups) > 1,
        }

    def _image_variables(self) -> dict[str, str]:
        """What the Dockerfiles of XGBoost and scikit-learn set, and the toolkit in its own environment."""
        config = self._path("input/config")
        return {
            "SM_INPUT": self._path("input"),
            "SM_INPUT_TRAINING_CONFIG_FILE": f"{config}/hyperparameters.json",
            "SM_CHECKPOINT_CONFIG_FILE": f"{config}/checkpointconfig.json",
            "SM_INPUT_DATA_CONFIG_FILE": f"{config}/inputdataconfig.json",
            "SAGEMAKER_JOB_NAME": str(self.decoded.get(f"{_SAGEMAKER}job_name", "")),
            "CURRENT_HOST": str(self.description["current_host"]),
            "SAGEMAKER_REGION": str(self.decoded.get(f"{_SAGEMAKER}region", self.variables.get("AWS_REGION", ""))),
        }

    @cached_property
    def _resources(self) -> dict[str, Any]:
        return self.task.ml.resource_config()

    @cached_property
    def _channels(self) -> dict[str, str]:
        return {name: self._path(f"input/data/{name}") for name in self.task.ml.input_data_config()}

    def _path(self, below: str) -> str:
        return f"{self.task.base}/{below}"


_SHARED = (
    "current_host",
    "current_instance_group",
    "current_instance_group_hosts",
    "current_instance_type",
    "distribution_instance_groups",
    "framework_module",
    "input_config_dir",
    "input_data_config",
    "input_dir",
    "instance_groups",
    "instance_groups_dict",
    "is_hetero",
    "log_level",
    "model_dir",
    "module_dir",
    "module_name",
    "network_interface_name",
    "num_cpus",
    "num_gpus",
    "output_data_dir",
    "output_dir",
    "output_intermediate_dir",
    "resource_config",
    "user_entry_point",
)
"""Parts of the description that are variables as well."""
_CONTAINERS = {
    "sagemaker-xgboost": "sagemaker_xgboost_container",
    "sagemaker-scikit-learn": "sagemaker_sklearn_container",
    "pytorch-training": "sagemaker_pytorch_container",
}


def _is_own(name: str) -> bool:
    return name in _OWN or name.startswith(_SAGEMAKER)


def _decoded(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        return text


def _argument(value: Any) -> str:
    if isinstance(value, Mapping):
        return ",".join(f"{name}={inner}" for name, inner in sorted(value.items()))
    return "" if value is None else str(value)


def _text(value: Any) -> str:
    """The value of a variable: a text as it is, anything else as JSON."""
    if value is None:
        return ""
    return value if isinstance(value, str) else json.dumps(value, sort_keys=True, separators=(",", ":"))


def _gpus() -> int:
    """As the toolkits count them."""
    if shutil.which("nvidia-smi") is None:
        return 0
    listed = subprocess.run(shlex.split("nvidia-smi --list-gpus"), capture_output=True, text=True, check=False)
    return sum(line.startswith("GPU ") for line in listed.stdout.splitlines())
