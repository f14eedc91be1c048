"""Training, tuning, processing and transform jobs."""

from __future__ import annotations

from slipway.console.jobs import decisions
from slipway.console.jobs.batch import processing_job, transform_job
from slipway.console.jobs.listing import jobs, training_jobs
from slipway.console.jobs.training import training_job
from slipway.console.jobs.tuning import tuning_job
from slipway.console.room import Room

ROOM = Room(
    title="Jobs",
    home="/jobs",
    pages={
        "/jobs": training_jobs,
        "/jobs/{kind}": jobs,
        "/jobs/training/{name}": training_job,
        "/jobs/tuning/{name}": tuning_job,
        "/jobs/processing/{name}": processing_job,
        "/jobs/transform/{name}": transform_job,
    },
    decisions={"/jobs/{kind}/{name}/stop": decisions.stop_job},
)
