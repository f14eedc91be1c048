"""Where the evidence of a release lies: `releases/<model>/<execution id>/` in the evidence bucket.

What is written before the approval has keys of its own, as code of a push writes it, with roles that know no execution:
it may write another release's anew. So it is read by the version that the action which wrote it has told.
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
    """Return the key of the record of a release that goes on."""
    return f"{folder(model, execution_id)}draft-record.json"


def draft_report(model: str, execution_id: str) -> str:
    """Return the key of the report that an approval is decided by."""
    return f"{folder(model, execution_id)}draft-report.html"


def evaluation(model: str, execution_id: str, environment: str) -> str:
    return f"{folder(model, execution_id)}{environment}-evaluation.json"


def predictions(model: str, execution_id: str, environment: str) -> str:
    """Return the key of the predictions that an evaluation judges."""
    return f"{folder(model, execution_id)}{environment}-predictions.csv.gz"


def evaluation_state(model: str, execution_id: str, environment: str) -> str:
    """Return what the keys of an evaluation begin with while it goes on, in the artifact bucket."""
    return f"{folder(model, execution_id)}{environment}-evaluation.state"


def execution_of_record(key: str, model: str) -> str | None:
    """Return whose record lies at a key; None if it is no key of a release that has ended."""
    execution_id = key.removeprefix(folders(model)).partition("/")[0]
    return execution_id if key == record(model, execution_id) else None


def pinned(uri: str, version_id: str) -> str:
    """Return the address of one version of an object."""
    return f"{uri}{_VERSION}{version_id}"


def version_of(address: str, uri: str) -> str | None:
    """Return the version that an address names; None if it is not one of the object at `uri`."""
    return address.removeprefix(f"{uri}{_VERSION}") if address.startswith(f"{uri}{_VERSION}") else None
