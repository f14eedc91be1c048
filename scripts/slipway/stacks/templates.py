"""Passes CloudFormation templates in a request: inline, or from the package bucket.

https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/cloudformation-limits.html
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml
from botocore.exceptions import ClientError

from slipway.errors import SlipwayError
from slipway.installation.aws_errors import code_of
from slipway.project import shown
from slipway.session import Session

MAX_INLINE_BYTES = 51_200
MAX_STORED_BYTES = 1_000_000


@dataclass(frozen=True)
class Template:
    """A template, and the request's parameter for it."""

    argument: Mapping[str, str]
    """`TemplateBody` or `TemplateURL`."""
    parameters: frozenset[str]
    """The names that the template declares."""


class _Loader(yaml.SafeLoader):
    """Loads YAML with CloudFormation's short forms, whose values do not matter here."""


_Loader.add_multi_constructor("!", lambda _loader, _suffix, _node: None)


def inline(path: Path) -> Template:
    """Return a template for use in the request; SlipwayError if it is too large."""
    body = _read(path, MAX_INLINE_BYTES)
    return Template({"TemplateBody": body}, _parameters(path, body))


def stored(session: Session, path: Path) -> Template:
    """Return a template in the package bucket, under the hash of its content; uploads it if it is missing."""
    body = _read(path, MAX_STORED_BYTES)
    content = body.encode()
    bucket, s3 = session.names.bucket("packages"), session.client("s3")
    key = f"templates/{path.stem}-{hashlib.sha256(content).hexdigest()}{path.suffix}"
    try:
        s3.head_object(Bucket=bucket, Key=key)
    except ClientError as error:
        if code_of(error) not in {"404", "NoSuchKey", "NotFound"}:
            raise
        s3.put_object(Bucket=bucket, Key=key, Body=content, ContentType="application/yaml")
    return Template({"TemplateURL": session.target.object_url(bucket, key)}, _parameters(path, body))


def declared_parameters(path: Path) -> frozenset[str]:
    """The parameters that a template file declares."""
    return _parameters(path, _read(path, MAX_STORED_BYTES))


def default_of(path: Path, parameter: str) -> str:
    """The default of a template's parameter; empty if it has none."""
    declared = _document(path, _read(path, MAX_STORED_BYTES)).get("Parameters") or {}
    return str((declared.get(parameter) or {}).get("Default", ""))


def resource_types(path: Path) -> list[str]:
    """The type of each resource of a template file."""
    resources = _document(path, _read(path, MAX_STORED_BYTES)).get("Resources", {})
    return [str(resource.get("Type", "")) for resource in resources.values()]


def _read(path: Path, limit: int) -> str:
    try:
        body = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        raise SlipwayError(f"{shown(path)}: found no such template.", "Run this in a checkout of Slipway.") from None
    size = len(body.encode())
    if size > limit:
        raise SlipwayError(f"{shown(path)}: found {size:,} bytes; CloudFormation allows {limit:,}.")
    return body


def _parameters(path: Path, body: str) -> frozenset[str]:
    return frozenset(str(name) for name in _document(path, body).get("Parameters") or {})


def _document(path: Path, body: str) -> dict[str, Any]:
    try:
        document: Any = yaml.load(body, _Loader)  # noqa: S506 - a SafeLoader with tags that give None
    except yaml.YAMLError as error:
        raise SlipwayError(f"{shown(path)}: found no YAML: {error}") from None
    if not isinstance(document, dict):
        raise SlipwayError(f"{shown(path)}: found no template; a template is a mapping with Resources.")
    return document
