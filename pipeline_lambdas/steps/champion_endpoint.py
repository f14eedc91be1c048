"""Deletes the champion's endpoint after the comparison."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from typing import Any

from pipeline_lambdas.aws import sagemaker
from pipeline_lambdas.release.names import CHAMPION, Release
from pipeline_lambdas.runtime.failures import UnavailableError

# https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_DescribeEndpoint.html
_IN_BETWEEN = frozenset({"Creating", "Updating", "SystemUpdating", "RollingBack"})
_FIRST_PAUSE_S, _LONGEST_PAUSE_S = 0.5, 30.0
_MARGIN_S = 15.0


def delete_champion(release: Release, *, with_config: bool) -> str | None:
    """Delete the endpoint, and its config if asked to, as far as possible now; return what is left to wait for.

    No code of a push may delete a config: it could create another one under its name.

    An endpoint that serves another release's comparison is left alone. SageMaker does not delete an endpoint that is
    being created or updated: https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_DescribeEndpoint.html
    """
    name, own = release.endpoint(CHAMPION), release.endpoint_config(CHAMPION, "")
    description = sagemaker.describe_endpoint(name)
    if description is not None and own in _configs_of(description):
        status = description["EndpointStatus"]
        if status in _IN_BETWEEN:
            return f"Endpoint {name} is {status} and can be deleted after that"
        if status != "Deleting":
            sagemaker.delete_endpoint(name)
    if with_config and sagemaker.delete_endpoint_config(own) and description is None:
        return f"Endpoint {name} may have just been created: SageMaker may not show it yet"
    return None


def await_deletion(release: Release, remaining_ms: Callable[[], int], has_ended: Callable[[], bool]) -> None:
    """Delete endpoint and config; wait while that is not possible, which takes minutes for an endpoint in creation.

    After each pause `has_ended` tells whether the release is still over, as a retry uses the same endpoint. Raises
    UnavailableError when the function's time is up; Lambda then repeats the event.
    """
    pause_s = _FIRST_PAUSE_S
    while waiting := delete_champion(release, with_config=True):
        if remaining_ms() / 1000 < pause_s + _MARGIN_S:
            raise UnavailableError(f"{waiting}; it costs money until then.")
        time.sleep(pause_s)
        pause_s = min(2 * pause_s, _LONGEST_PAUSE_S)
        if not has_ended():
            return


def _configs_of(description: Mapping[str, Any]) -> set[str | None]:
    pending = description.get("PendingDeploymentSummary") or {}
    return {description.get("EndpointConfigName"), pending.get("EndpointConfigName")}
