"""One endpoint: its variants, what they serve, its load, its tags and its log.

https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_DescribeEndpoint.html
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import partial
from typing import Any

from pipeline_lambdas.report.kit.markup import Child, Html, el
from pipeline_lambdas.report.kit.tables import code, facts, table, word
from pipeline_lambdas.report.kit.text import number
from slipway.console.endpoints.listing import is_changing
from slipway.console.endpoints.load import load_panel
from slipway.console.kept import kept
from slipway.console.links import log_link, release_link, s3_link
from slipway.console.room import Asked, Page
from slipway.console.shell import at, clock, panel, to
from slipway.session import Session

Description = Mapping[str, Any]
LOGS = "/aws/sagemaker/Endpoints"
_AGAIN_S = 1.0


def endpoint(asked: Asked) -> Page:
    """Draw the page."""
    session, name = asked.session, asked.path["name"]
    found = session.client("sagemaker").describe_endpoint(EndpointName=name)
    config = config_of(session, found.get("EndpointConfigName", ""), found["LastModifiedTime"])
    parts = [
        _now(session, found),
        panel("ask", "Predictions", el("p", to("Send rows and see predictions", at("endpoints", name, "predict")))),
        _variants(found, config),
        _models(session, config),
        load_panel(asked, [one["VariantName"] for one in config.get("ProductionVariants") or ()]),
        _settings(config),
        _tags(session, found["EndpointArn"]),
    ]
    again_s = _AGAIN_S if is_changing(found["EndpointStatus"]) else None
    return Page(name, [one for one in parts if one is not None], (("Endpoints", at("endpoints")),), again_s)


def config_of(session: Session, name: str, known_at: object) -> Description:
    """Return a config, which never changes while an endpoint has it; empty without one, as before a first deployment.

    `known_at` tells a config from one of the same name that an endpoint had at another time.
    """
    if not name:
        return {}
    ask = partial(session.client("sagemaker").describe_endpoint_config, EndpointConfigName=name)
    return kept(("config", session.names.account, session.names.region, name, known_at), ask)


def _now(session: Session, found: Description) -> Html:
    failure = found.get("FailureReason")
    pending = found.get("PendingDeploymentSummary") or {}
    pairs: list[tuple[str, Child]] = [
        ("Status", word(found["EndpointStatus"])),
        ("Release", release_link(session, found.get("EndpointConfigName", ""))),
        ("Config", code(found.get("EndpointConfigName", ""))),
        ("Being deployed", code(pending.get("EndpointConfigName", ""))),
        ("Created", clock(found["CreationTime"])),
        ("Last changed", clock(found["LastModifiedTime"])),
        ("Log", log_link(f"{LOGS}/{found['EndpointName']}", f"{LOGS}/{found['EndpointName']}")),
        ("ARN", code(found["EndpointArn"])),
    ]
    return panel("now", "Now", el("p", failure, class_="outcome") if failure else None, facts(pairs))


def _variants(found: Description, config: Description) -> Html | None:
    configured = {one["VariantName"]: one for one in config.get("ProductionVariants") or ()}
    rows = [_variant(one, configured.get(one["VariantName"], {})) for one in found.get("ProductionVariants") or ()]
    headings = ("Variant", "Status", "Model", "Instances", "Weight", "Image")
    shown = table("variants-table", "Each variant", headings, rows, "kkwknw", heard=True)
    return panel("variants", "Variants", shown) if rows else None


def _variant(one: Description, configured: Description) -> tuple[Child, ...]:
    statuses = [status["Status"] for status in one.get("VariantStatus") or ()]
    weight, images = one.get("CurrentWeight"), one.get("DeployedImages") or [{}]
    return (
        one["VariantName"],
        word(statuses[-1]) if statuses else None,
        configured.get("ModelName"),
        capacity(one, configured),
        None if weight is None else number(weight),
        code(images[0].get("SpecifiedImage", "")),
    )


def capacity(one: Description, configured: Description) -> str:
    """Say on what a variant runs: instances, or how much a serverless one may take."""
    serverless = one.get("CurrentServerlessConfig") or configured.get("ServerlessConfig")
    if serverless:
        return f"serverless, {serverless['MemorySizeInMB']:,} MB, at most {serverless['MaxConcurrency']} at a time"
    now, wanted = one.get("CurrentInstanceCount"), one.get("DesiredInstanceCount")
    count = f"{now} of {wanted}" if now is not None and wanted is not None and now != wanted else now
    return f"{configured.get('InitialInstanceCount') if count is None else count} {configured.get('InstanceType', '')}"


def _models(session: Session, config: Description) -> Html | None:
    names = dict.fromkeys(one.get("ModelName", "") for one in config.get("ProductionVariants") or ())
    rows = [_model(session, name, config["CreationTime"]) for name in names if name]
    headings = ("Model", "Release", "Model data", "Image", "Environment")
    shown = table("models-table", "Each model", headings, rows, "wkwww", heard=True)
    return panel("models", "Models", shown) if rows else None


def _model(session: Session, name: str, config_made: object) -> tuple[Child, ...]:
    key = ("model", session.names.account, session.names.region, name, config_made)
    found = kept(key, partial(session.client("sagemaker").describe_model, ModelName=name))
    containers = [found["PrimaryContainer"]] if "PrimaryContainer" in found else found.get("Containers", [])
    return (
        name,
        release_link(session, name),
        _listed(s3_link(one.get("ModelDataUrl", "")) for one in containers),
        _listed(code(one.get("Image", "")) for one in containers),
        _environment([(pair, value) for one in containers for pair, value in (one.get("Environment") or {}).items()]),
    )


def _listed(found: Iterable[Child]) -> Child:
    there = [one for one in found if one]
    return there[0] if len(there) == 1 else el("ul", *(el("li", one) for one in there)) if there else None


def _environment(pairs: list[tuple[str, str]]) -> Html | None:
    if not pairs:
        return None
    shown = (el("div", el("dt", name), el("dd", value)) for name, value in sorted(pairs))
    return el("details", el("summary", f"{len(pairs)}"), el("dl", *shown, class_="variables"))


def _settings(config: Description) -> Html | None:
    if not config:
        return None
    capture = config.get("DataCaptureConfig") or {}
    pairs: list[tuple[str, Child]] = [
        ("Config", code(config["EndpointConfigName"])),
        ("Created", clock(config["CreationTime"])),
        ("Encryption key", code(config.get("KmsKeyId", ""))),
        ("Data capture", s3_link(capture.get("DestinationS3Uri", "")) if capture.get("EnableCapture") else None),
    ]
    return panel("config", "Config", facts(pairs))


def _tags(session: Session, arn: str) -> Html | None:
    found = session.client("sagemaker").list_tags(ResourceArn=arn)["Tags"]
    rows = sorted((one["Key"], one["Value"]) for one in found)
    return (
        panel("tags", "Tags", table("tags-table", "Each tag", ("Key", "Value"), rows, "kw", heard=True))
        if rows
        else None
    )
