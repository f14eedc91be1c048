"""Which services and actions `aws-sdk` integrations have: those of botocore's models.

https://docs.aws.amazon.com/step-functions/latest/dg/supported-services-awssdk.html
"""

from __future__ import annotations

import importlib.util
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any

from local_aws.stepfunctions.tasks.sdk.names import first_lower

_OTHERWISE = {
    "applicationdiscovery": "discovery",
    "cloudwatchlogs": "logs",
    "cognitoidentityprovider": "cognito-idp",
    "costandusagereport": "cur",
    "costexplorer": "ce",
    "databasemigration": "dms",
    "directory": "ds",
    "directoryservicedata": "ds-data",
    "elasticloadbalancing": "elb",
    "elasticloadbalancingv2": "elbv2",
    "elasticsearch": "es",
    "eventbridge": "events",
    "iotdataplane": "iot-data",
    "iotjobsdataplane": "iot-jobs-data",
    "lexmodelbuilding": "lex-models",
    "lexmodelsv2": "lexv2-models",
    "lexruntimev2": "lexv2-runtime",
    "marketplacemetering": "meteringmarketplace",
    "migrationhub": "mgh",
    "pinpointsmsvoice": "sms-voice",
    "serverlessapplicationrepository": "serverlessrepo",
    "sfn": "stepfunctions",
    "simpledb": "sdb",
}
"""Services that the SDK for Java and botocore name differently by more than a hyphen."""


def botocore_service(folder: str) -> str | None:
    """The name of a service in botocore, by that in a Resource; None if botocore lacks it."""
    return _services().get(folder)


@lru_cache(maxsize=1)
def _services() -> Mapping[str, str]:
    """The services of botocore by the SDK's names; read from its folder, as importing it takes 20 MB."""
    spec = importlib.util.find_spec("botocore")
    if spec is None or spec.origin is None:
        raise ImportError("botocore is not installed; local AWS needs it: make setup")
    found = {path.name for path in (Path(spec.origin).parent / "data").iterdir() if path.is_dir()}
    named = {name.replace("-", ""): name for name in found - set(_OTHERWISE.values())}
    return named | {folder: name for folder, name in _OTHERWISE.items() if name in found}


@lru_cache(maxsize=32)
def actions(service: str) -> Mapping[str, str]:
    """The operations of a botocore service by the SDK's method names; without those that stream events."""
    from botocore.loaders import Loader  # noqa: PLC0415 - 20 MB that an idle local AWS does not need

    model = Loader().load_service_model(service, "service-2")
    return {
        first_lower(name): name
        for name, operation in model["operations"].items()
        if not any(_streams_events(model, operation.get(side)) for side in ("input", "output"))
    }


def _streams_events(model: Mapping[str, Any], reference: Mapping[str, str] | None) -> bool:
    members = model["shapes"][reference["shape"]].get("members", {}) if reference else {}
    return any(model["shapes"][member["shape"]].get("eventstream") for member in members.values())
