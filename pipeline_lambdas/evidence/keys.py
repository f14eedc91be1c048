"""The keys of a release's evidence: `releases/<model>/<execution id>/` in the evidence bucket.

Drafts, written before the approval, have keys of their own: pushed code writes them, with roles that are not bound to
an execution, so it could overwrite another release's drafts. Readers therefore read the version that the action
reported when it wrote the draft.
"""

from __future__ import annotations

KINDS = RELEASES, CHAIN = ("releases", "records")
"""What the keys of all evidence begin with: folders of releases, and the chain of `pipeline_lambdas.evidence.chain`."""
_VERSION = "?versionId="


def folders(model: str) -> str:
    """Return the prefix of the folders of all releases of a model."""
    return f"{RELEASES}/{model}/"


def folder(model: str, execution_id: str) -> str:
    return f"{folders(model)}{execution_id}/"


def record(model: str, execution_id: str) -> str:
    """Return the key of the record of a release that has ended."""
    return f"{folder(model, execution_id)}record.json"


def report(model: str, execution_id: str) -> str:
    """Return the key of the report of a release that has ended."""
    return f"{folder(model, execution_id)}report.html"


def draft_record(model: str, execution_id: str) -> str:
    """Return the key of the record of a release that has not ended."""
    return f"{folder(model, execution_id)}draft-record.json"


def draft_report(model: str, execution_id: str) -> str:
    """Return the key of the report for the approval."""
    return f"{folder(model, execution_id)}draft-report.html"


def evaluation(model: str, execution_id: str, environment: str) -> str:
    return f"{folder(model, execution_id)}{environment}-evaluation.json"


def predictions(model: str, execution_id: str, environment: str) -> str:
    """Return the key of the predictions that an evaluation judges."""
    return f"{folder(model, execution_id)}{environment}-predictions.csv.gz"


def evaluation_state(model: str, execution_id: str, environment: str) -> str:
    """Return the prefix of the keys of an evaluation while it goes on, in the artifact bucket."""
    return f"{folder(model, execution_id)}{environment}-evaluation.state"


def execution_of_record(key: str, model: str) -> str | None:
    """Return the id of the execution whose record has this key; None for any other key."""
    execution_id = key.removeprefix(folders(model)).partition("/")[0]
    return execution_id if key == record(model, execution_id) else None


def pinned(uri: str, version_id: str) -> str:
    """Return the address of one version of an object."""
    return f"{uri}{_VERSION}{version_id}"


def version_of(address: str, uri: str) -> str | None:
    """Return the version in an address; None if the address is not one of the object at `uri`."""
    return address.removeprefix(f"{uri}{_VERSION}") if address.startswith(f"{uri}{_VERSION}") else None
