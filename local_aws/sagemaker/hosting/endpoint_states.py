"""The states of an endpoint as the API and EventBridge show them.

https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_DescribeEndpoint.html
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime

from local_aws.sagemaker import events
from local_aws.sagemaker.hosting.plans import Plan, VariantPlan, from_document
from local_aws.sagemaker.platform import Platform
from local_aws.sagemaker.records import Record
from local_aws.wire import Document

CREATING, IN_SERVICE, UPDATING, DELETING, FAILED = "Creating", "InService", "Updating", "Deleting", "Failed"
IN_PROGRESS = frozenset({CREATING, UPDATING, DELETING})


def describe(record: Record) -> Document:
    """DescribeEndpoint's response."""
    state = record.state
    document: Document = {**summary(record), "EndpointConfigName": state["config"]}
    if state.get("failure"):
        document["FailureReason"] = state["failure"]
    if state.get("deployment"):
        document["LastDeploymentConfig"] = state["deployment"]
    if state.get("active"):
        desired = state.get("desired", {})
        since = state["active_since"]
        document["ProductionVariants"] = [
            _variant(variant, since, desired.get(variant.name, {}))
            for variant in from_document(state["active"]).variants
        ]
    pending = state.get("pending")
    if pending:
        document["PendingDeploymentSummary"] = _pending(pending)
    return document


def summary(record: Record) -> Document:
    """ListEndpoints' entry."""
    return {
        "EndpointName": record.name,
        "EndpointArn": record.arn,
        "CreationTime": _time(record.created_at),
        "LastModifiedTime": _time(record.modified_at),
        "EndpointStatus": record.status,
    }


def pending(plan: Plan, now: float) -> Document:
    """The state of a new deployment."""
    return {"plan": plan.as_document(), "started": now, "stage": None}


def stage(status: str, message: str, counted: Mapping[str, int], active: Mapping[str, int], now: float) -> Document:
    """How far a deployment is; `counted` are the instances, by variant, for `{count}` in the message.

    `active` are the instances of the new fleet with traffic.
    """
    return {
        "status": status,
        "message": message,
        "counted": dict(counted),
        "active": dict(active),
        "started": now,
    }


def announce(platform: Platform, record: Record, *, deployment: bool = False) -> None:
    """Send the endpoint's state, or its deployment's, to EventBridge."""
    description = describe(record)
    description["EndpointStatus"] = events.upper_snake(record.status)
    if not deployment:
        description.pop("PendingDeploymentSummary", None)
    kind = "Endpoint Deployment State Change" if deployment else "Endpoint State Change"
    events.publish(kind, record.arn, description, platform.records.tags(record.arn))


def _variant(variant: VariantPlan, since: float, desired: Document) -> Document:
    """A variant's summary; a serverless variant has the count 0 and no desired count.

    https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_ProductionVariantSummary.html
    """
    document: Document = {
        "VariantName": variant.name,
        "DeployedImages": [{"SpecifiedImage": variant.image, "ResolutionTime": _time(since)}],
        "CurrentWeight": variant.weight,
        "DesiredWeight": desired.get("weight", variant.weight),
        "CurrentInstanceCount": 0 if variant.serverless else variant.instance_count,
    }
    if variant.serverless:
        document["CurrentServerlessConfig"] = dict(variant.serverless)
    else:
        document["DesiredInstanceCount"] = desired.get("instance_count", variant.instance_count)
    if variant.routing:
        document["RoutingConfig"] = dict(variant.routing)
    return document


def _pending(pending_state: Document) -> Document:
    plan = from_document(pending_state["plan"])
    reached = pending_state.get("stage")
    variants = []
    for variant in plan.variants:
        document = _variant(variant, pending_state["started"], {})
        if variant.instance_type:
            document["InstanceType"] = variant.instance_type
        if reached:
            document["VariantStatus"] = [_status(reached, variant.name)]
            document["CurrentInstanceCount"] = reached["active"].get(variant.name, 0)
        variants.append(document)
    return {
        "EndpointConfigName": plan.config_name,
        "StartTime": _time(pending_state["started"]),
        "ProductionVariants": variants,
    }


def _status(stage: Document, variant: str) -> Document:
    """A variant's stage; the count in its message is of its own instances."""
    message = stage["message"].format(count=stage["counted"].get(variant, 0))
    return {"Status": stage["status"], "StatusMessage": message, "StartTime": _time(stage["started"])}


def _time(seconds: float) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)
