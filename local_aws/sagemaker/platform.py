"""What the parts of SageMaker share."""

from __future__ import annotations

import base64
import logging
import math
import socket
import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from local_aws.base import Credentials
from local_aws.engine.find import NoEngineError
from local_aws.processes.forking import StartError
from local_aws.runtime import Runtime
from local_aws.sagemaker.containers.launcher import Launcher, StoppingError
from local_aws.sagemaker.containers.own_images.images import OwnImages
from local_aws.sagemaker.containers.script_mode import frameworks
from local_aws.sagemaker.records import Records
from local_aws.sagemaker.roles import ExecutionRole
from local_aws.settings import HOST, NO_HOST_PREFIX

if TYPE_CHECKING:
    from local_aws.sagemaker.containers.own_images.launch import EngineContainers, Run
    from local_aws.sagemaker.containers.script_mode.launch import Scripts

log = logging.getLogger(__name__)

_ATTEMPTS, _PAUSE_S = 1000, 0.01


@dataclass(frozen=True)
class Platform:
    """The context of jobs and endpoints."""

    runtime: Runtime
    records: Records
    launcher: Launcher
    own_images: OwnImages = field(default_factory=lambda: OwnImages(None))
    stopping: threading.Event = field(default_factory=threading.Event)
    """Set when local AWS shuts down: whatever runs then continues at the next start."""

    @property
    def folder(self) -> Path:
        """The folder of jobs and models in use."""
        return self.runtime.settings.state / "sagemaker"

    def prewarm(self, image: str, environment: Mapping[str, str]) -> None:
        """Begin to load the libraries that serve a model; returns at once. A script loads its own."""
        if not self.own_images.is_own(image) and frameworks.to_serve(image, environment) is None:
            self.launcher.prewarm(image)

    def scripts(self) -> Scripts:
        """The starter of users' scripts. Raises StoppingError."""
        return self.launcher.scripts(self.folder / "script-mode")

    def engine(self) -> EngineContainers:
        """The starter of teams' own images. Raises StartError without an engine, StoppingError."""
        settings = self.runtime.settings
        try:
            engine = self.own_images.engine()
        except NoEngineError as error:
            raise StartError(str(error)) from None
        return self.launcher.own_images(engine, settings.port, str(settings.state))

    def own_run(self, image: str, role: ExecutionRole, environment: Mapping[str, str], *, offline: bool) -> Run:
        """What a team's own image runs with: a token of the role's, which pulls it, and the container's variables.

        Raises base.RoleNotAssumableError, UnknownImageError, and StartError if the role may not sign in to ECR.
        """
        from botocore.exceptions import ClientError  # noqa: PLC0415 - 20 MB that an idle server saves

        from local_aws.sagemaker.containers.own_images.launch import Run  # noqa: PLC0415 - as above

        try:
            (data,) = role.client("ecr").get_authorization_token()["authorizationData"]
        except ClientError as error:
            raise StartError(str(error)) from None
        token = base64.b64decode(data["authorizationToken"]).decode().partition(":")[2]
        sdk = {} if offline else self.sdk_variables(role)
        return Run(self.own_images.reference(image), token, {**sdk, **environment})

    def sdk_variables(self, role: ExecutionRole) -> dict[str, str]:
        """This local AWS with a role's credentials, which SDKs on AWS find by themselves, as variables.

        Raises base.RoleNotAssumableError.
        """
        credentials = role.assume()
        return {
            "AWS_ENDPOINT_URL": self.runtime.settings.url,
            **NO_HOST_PREFIX,
            "AWS_ACCESS_KEY_ID": credentials.access_key_id,
            "AWS_SECRET_ACCESS_KEY": credentials.secret_access_key,
            "AWS_SESSION_TOKEN": credentials.session_token,
        }

    def await_port(self) -> None:
        """Return when this local AWS answers, as it also calls itself over the wire.

        What continues at a start may be faster than the server. Raises StoppingError.
        """
        address = (HOST, self.runtime.settings.port)
        for _ in range(_ATTEMPTS):
            try:
                socket.create_connection(address, timeout=1).close()
            except OSError:
                if self.stopping.wait(_PAUSE_S):
                    raise StoppingError from None
            else:
                return
        log.warning("local AWS does not answer on port %d", self.runtime.settings.port)

    def root(self) -> Credentials:
        """Credentials for SageMaker's own calls."""
        key = self.runtime.settings.root
        return Credentials(key.access_key_id, key.secret_access_key, "", math.inf)

    def role(self, role_arn: str, source_arn: str) -> ExecutionRole:
        """An execution role, assumed for a resource."""
        return ExecutionRole(self.runtime.clients, role_arn, source_arn)
