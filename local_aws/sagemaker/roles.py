"""Calls that SageMaker makes with an execution role (https://docs.aws.amazon.com/sagemaker/latest/dg/sagemaker-roles.html)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from local_aws import base
from local_aws.aws import Clients

_SERVICE, _SESSION = "sagemaker.amazonaws.com", "SageMaker"


@dataclass(frozen=True)
class ExecutionRole:
    """A role that SageMaker assumes for one resource, `source_arn`."""

    clients: Clients
    arn: str
    source_arn: str

    def assume(self) -> base.Credentials:
        """Credentials of the role. Raises base.RoleNotAssumableError."""
        return base.assume_role(self.arn, _SERVICE, _SESSION, self.source_arn)

    def client(self, service: str) -> Any:
        """A client of another service that acts as the role. Raises base.RoleNotAssumableError.

        Call this for every use: a long job outlives one set of credentials.
        """
        return self.clients.get(service, self.assume())
