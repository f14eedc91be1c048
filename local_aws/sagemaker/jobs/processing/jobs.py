"""The processing job operations.

https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_CreateProcessingJob.html and its siblings.
"""

from __future__ import annotations

from functools import partial

from local_aws.sagemaker import listing
from local_aws.sagemaker.faults import not_emulated
from local_aws.sagemaker.jobs import lifecycle, operations
from local_aws.sagemaker.jobs.processing import requests
from local_aws.sagemaker.jobs.processing.run import ProcessingRun
from local_aws.sagemaker.platform import Platform
from local_aws.sagemaker.records import Record
from local_aws.wire import Caller, Document

_SUMMARY = partial(lifecycle.summary, lifecycle.PROCESSING)


class ProcessingJobs(operations.Jobs):
    """All processing jobs."""

    def __init__(self, platform: Platform) -> None:
        super().__init__(
            platform, lifecycle.PROCESSING, listing.Listing("ProcessingJobSummaries", _SUMMARY, ascending=True)
        )

    def _accept(self, _caller: Caller, request: Document) -> Document:
        requests.check(request)
        refusal = self._platform.launcher.isolated().refusal()
        if refusal is not None:
            raise not_emulated(f"processing jobs on this machine, which cannot give each its own /opt/ml ({refusal})")
        return requests.with_defaults(request)

    def _new_run(self, record: Record) -> ProcessingRun:
        return ProcessingRun(self._platform, record)
