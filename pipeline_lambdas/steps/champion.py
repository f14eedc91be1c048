"""Deploys the champion, the model that Prod serves, to an endpoint of its own while a release is compared with it.

That endpoint has the instances of Test: so tests do not load Prod's instances, and both models run on the same
hardware. If Test is serverless and Prod is not, it has one instance of Prod's type. It exists from the deployment to
Test until the end of the evaluation.
"""

from __future__ import annotations

import json
from dataclasses import dataclass

from pipeline_lambdas.aws import sagemaker
from pipeline_lambdas.config.model import TrainingConfig
from pipeline_lambdas.release.names import CHAMPION, NONE, Release, is_model
from pipeline_lambdas.runtime.failures import ConfigurationError, JobFailedError
from pipeline_lambdas.runtime.outcome import Continue, Done, Outcome
from pipeline_lambdas.steps.champion_endpoint import delete_champion
from pipeline_lambdas.steps.deployment import Deployment, HostingSite, serve

_TEST = "full"
# https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_DescribeEndpoint.html
_SERVING = frozenset({"InService", "Updating", "SystemUpdating", "RollingBack", "UpdateRollbackFailed"})


@dataclass(frozen=True, slots=True)
class Served:
    """The model that Prod serves."""

    endpoint_config: str
    model: str
    instance_type: str | None = None
    """None if Prod is serverless."""


def check_operation(operation: str, environment: str) -> None:
    """Raise ConfigurationError for an operation that this function does not offer in the environment."""
    allowed = ("deploy", "remove") if environment == CHAMPION else ("deploy",)
    if operation not in allowed:
        raise ConfigurationError(
            f"UserParameters: operation: found {operation!r}; allowed in {environment} {', '.join(allowed)}"
        )


def deploy_champion(release: Release, config: TrainingConfig, site: HostingSite) -> Outcome:
    """Deploy Prod's model to the champion's endpoint, if Prod has one and the config compares with it.

    Returns Continue while the endpoint cannot be changed yet. Raises JobFailedError if it is in the way.
    """
    test = config.tests.get(_TEST)
    compares = test is not None and test.champion is not None
    try:
        served = served_in_prod(release)
    except JobFailedError:
        if compares:
            raise
        served = None
    if not compares:
        return _none("the config asks for no comparison with the champion", served)
    if served is None:
        return _none(f"no champion: {release.endpoint('prod')} serves no model yet", served)
    if "test" not in config.environments:
        raise ConfigurationError(
            f"{config.model}.yml: environments: found no test; the champion is asked on its instances. Add it."
        )
    variant = config.champion_variant(served.instance_type)
    deployment = Deployment(release, CHAMPION, served.model)
    outcome = serve(deployment, config, variant, site, served.model)
    if not isinstance(outcome, Done):
        return outcome
    reason = f"{served.endpoint_config} serves it"
    summary = f"Deploying the champion {served.model}"
    created = outcome.variables["EndpointConfigCreated"]
    return Done(_variables(served, served.model, deployment, reason, created), summary, outcome.external_id)


def remove_champion(release: Release) -> Outcome:
    """Delete the endpoint that this release was compared at; succeed if it is already gone.

    Its config costs nothing and stays until CleanUp or `end-release` deletes it. Returns Continue while SageMaker
    cannot delete the endpoint yet.
    """
    waiting = delete_champion(release, with_config=False)
    if waiting:
        return Continue(json.dumps({"waiting_for": release.endpoint(CHAMPION)}), waiting, 50)
    return Done(summary=f"No endpoint {release.endpoint(CHAMPION)} is left")


def served_in_prod(release: Release) -> Served | None:
    """Return the model that the Prod endpoint serves; None if it does not exist or has never served.

    Raises JobFailedError for a model of another origin than this pipeline, with which no comparison is possible.
    """
    name = release.endpoint("prod")
    description = sagemaker.describe_endpoint(name)
    if description is None or description["EndpointStatus"] not in _SERVING:
        return None
    endpoint_config = str(description["EndpointConfigName"])
    config = sagemaker.describe_endpoint_config(endpoint_config)
    if config is None:
        raise JobFailedError(
            f"Endpoint {name} serves {endpoint_config}, which does not exist any more, so its model is not known. "
            "Deploy to Prod again, or take tests.full.champion out of the config."
        )
    variant = config["ProductionVariants"][0]
    model = str(variant["ModelName"])
    if not is_model(release.prefix, model):
        raise JobFailedError(
            f"Endpoint {name} serves {model}, no model of this pipeline. Release to Prod by the pipeline alone."
        )
    return Served(endpoint_config, model, variant.get("InstanceType"))


def _none(reason: str, served: Served | None) -> Done:
    return Done(_variables(served, NONE, None, reason), reason[:1].upper() + reason[1:])


def _variables(
    served: Served | None, model: str, deployment: Deployment | None, reason: str, created: str = NONE
) -> dict[str, str]:
    return {
        "ModelName": model,
        "EndpointName": deployment.endpoint if deployment else NONE,
        "EndpointConfigName": deployment.endpoint_config if deployment else NONE,
        "EndpointConfigCreated": created,
        "Reason": reason,
        "ServedModelName": served.model if served else NONE,
        "ServedEndpointConfigName": served.endpoint_config if served else NONE,
    }
