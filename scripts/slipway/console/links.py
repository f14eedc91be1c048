"""Links from one room to what another shows: an address in S3, a log, a job, the release that made something."""

from __future__ import annotations

import re
import time
from functools import partial

from botocore.exceptions import ClientError

from pipeline_lambdas.release.names import ENVIRONMENTS, MODEL_PATTERN, short_id
from pipeline_lambdas.report.kit.markup import Child, Html
from slipway.console.kept import kept, kept_for
from slipway.console.shell import at, to
from slipway.errors import SlipwayError
from slipway.installation.aws_errors import code_of
from slipway.names import Names
from slipway.releases.overview import session_for
from slipway.releases.pipeline import list_runs
from slipway.session import Session

_ENVIRONMENT = f"(?:-(?:{'|'.join(ENVIRONMENTS)}|champ))?"


def s3_link(uri: str) -> Child:
    """Return the address of an object or a folder as a link; as text if it is none in S3."""
    bucket, _, key = uri.removeprefix("s3://").partition("/")
    if not uri.startswith("s3://") or not bucket:
        return uri or None
    name = key.rpartition("/")[2]
    if "." in name:
        return to(uri, at("buckets", bucket, "object", key=key))
    return to(uri, at("buckets", bucket, prefix=key) if key else at("buckets", bucket))


def log_link(text: str, group: str, stream: str = "") -> Html:
    """Return a link to a log group, or to one of its streams."""
    return to(text, at("logs", group=group, stream=stream) if stream else at("logs", group=group))


def release_link(session: Session, *names: str) -> Html | None:
    """Return a link to the release whose id is in a name of what it made; None for what no release has made.

    `names` are tried in turn: a name, or an address whose last part is one.
    """
    for name in names:
        found = release_of(session, name.rstrip("/").rpartition("/")[2])
        if found is not None:
            model, run_id = found
            return to(f"{model}, release {short_id(run_id)}", at("models", model, "releases", run_id))
    return None


def release_of(session: Session, name: str) -> tuple[str, str] | None:
    """Return the model and the release of a name that a release gives, see `pipeline_lambdas.release.names`."""
    prefix = f"slipway-{session.names.suffix}-"
    found = re.search(rf"-({MODEL_PATTERN})$", name) if name.startswith(prefix) else None
    if found is None:
        return None
    whole = name[len(prefix) : found.start()]
    models = dict.fromkeys((whole, re.sub(rf"{_ENVIRONMENT}$", "", whole)))
    return next((one for model in models if (one := _release(session, model, short_id(found[1])))), None)


def _release(session: Session, model: str, short: str) -> tuple[str, str] | None:
    names = session.names
    try:
        Names(names.suffix, model, names.account, names.region)
    except SlipwayError:
        return None
    key = ("release", names.account, names.region, names.suffix, model, short)
    look_up, minute = partial(_look_up, session, model, short), time.monotonic() // 60
    # That there is none may change, and to find that out may take a look at the whole history.
    return kept(key, lambda: kept_for((*key, "none"), minute, look_up), lambda found: found is not None)


def _look_up(session: Session, model: str, short: str) -> tuple[str, str] | None:
    try:
        runs = list_runs(session_for(session, model), 1, lambda one: bool(one["pipelineExecutionId"].startswith(short)))
    except ClientError as error:
        if code_of(error) != "PipelineNotFoundException":
            raise
        return None
    return (model, str(runs[0]["pipelineExecutionId"])) if runs else None
