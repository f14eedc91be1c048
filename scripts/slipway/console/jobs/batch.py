"""One processing job or transform job: what it reads, what it writes, and how it ended.

https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_DescribeProcessingJob.html,
https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_DescribeTransformJob.html
"""

from __future__ import annotations

import shlex
from collections.abc import Mapping
from typing import Any

from pipeline_lambdas.report.kit.markup import Child, Html
from pipeline_lambdas.report.kit.tables import code, facts, table, word
from pipeline_lambdas.report.kit.text import duration
from slipway.console.jobs.kinds import KINDS, Job, Kind, describe, ended, is_running, seconds
from slipway.console.jobs.listing import instances
from slipway.console.jobs.parts import AGAIN_S, above, outcome, pairs_panel, stop_panel
from slipway.console.links import release_link, s3_link
from slipway.console.log_lines import log_panel
from slipway.console.room import Asked, Page
from slipway.console.shell import clock, panel, took

_PLACES = ("Name", "In S3", "In the container")


def processing_job(asked: Asked) -> Page:
    """Draw the page of a processing job."""
    kind = KINDS["processing"]
    job = describe(asked.session, kind, asked.path["name"])
    application, cluster = job["AppSpecification"], job["ProcessingResources"]["ClusterConfig"]
    most = (job.get("StoppingCondition") or {}).get("MaxRuntimeInSeconds")
    pairs: list[tuple[str, Child]] = [
        ("Release", release_link(asked.session, job["ProcessingJobName"])),
        ("Image", code(application["ImageUri"])),
        ("Command", code(shlex.join(application.get("ContainerEntrypoint") or ()))),
        ("Arguments", code(shlex.join(application.get("ContainerArguments") or ()))),
        ("Instances", f"{instances(cluster)}, {cluster.get('VolumeSizeInGB')} GB each"),
        ("At most", duration(most) if most else None),
    ]
    inputs = [_place(one.get("InputName"), one.get("S3Input")) for one in job.get("ProcessingInputs") or ()]
    outputs = [
        _place(one.get("OutputName"), one.get("S3Output"))
        for one in (job.get("ProcessingOutputConfig") or {}).get("Outputs") or ()
    ]
    read = table("inputs-table", "Each input", _PLACES, inputs, "kwk", heard=True) if inputs else None
    written = table("outputs-table", "Each output", _PLACES, outputs, "kwk", heard=True) if outputs else None
    more = [
        panel("inputs", "Inputs", read) if read else None,
        panel("outputs", "Outputs", written) if written else None,
    ]
    return _page(asked, kind, job, pairs, more)


def transform_job(asked: Asked) -> Page:
    """Draw the page of a transform job."""
    kind = KINDS["transform"]
    job = describe(asked.session, kind, asked.path["name"])
    read, written = job["TransformInput"], job["TransformOutput"]
    pairs: list[tuple[str, Child]] = [
        ("Model", job["ModelName"]),
        ("Release", release_link(asked.session, job["ModelName"])),
        ("Input", s3_link(read["DataSource"].get("S3DataSource", {}).get("S3Uri", ""))),
        ("Content type", read.get("ContentType")),
        ("Split by", read.get("SplitType")),
        ("Output", s3_link(written["S3OutputPath"])),
        ("Accept", written.get("Accept")),
        ("Assembled by", written.get("AssembleWith")),
        ("Batches", job.get("BatchStrategy")),
        ("At a time", str(job.get("MaxConcurrentTransforms") or "")),
        ("Payload", f"at most {job['MaxPayloadInMB']} MB" if job.get("MaxPayloadInMB") else None),
        ("Instances", instances(job["TransformResources"])),
    ]
    return _page(asked, kind, job, pairs, [])


def _page(asked: Asked, kind: Kind, job: Job, pairs: list[tuple[str, Child]], more: list[Html | None]) -> Page:
    name, runs = asked.path["name"], is_running(kind, job)
    times: list[tuple[str, Child]] = [
        ("Status", word(job[kind.status])),
        ("Created", clock(job["CreationTime"])),
        ("Ended", None if runs else clock(ended(job))),
        ("Took", took(seconds(kind, job, asked.now))),
    ]
    parts = [
        panel("now", "Now", *outcome(job), facts([*times, *pairs])),
        stop_panel(kind, job),
        *more,
        pairs_panel("environment", "Environment", job.get("Environment") or {}),
        log_panel(asked.session, kind.log_group, f"{name}/"),
    ]
    return Page(name, [one for one in parts if one is not None], above(kind), AGAIN_S if runs else None)


def _place(name: str | None, place: Mapping[str, Any] | None) -> tuple[Child, ...]:
    found = place or {}
    return name, s3_link(found.get("S3Uri", "")), code(found.get("LocalPath", ""))
