"""The form of a buildspec, version 0.2: https://docs.aws.amazon.com/codebuild/latest/userguide/build-spec-ref.html."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping
from typing import Any

_TOP = frozenset({"version", "run-as", "env", "proxy", "batch", "phases", "reports", "artifacts", "cache"})
_PHASES = frozenset({"install", "pre_build", "build", "post_build"})
_PHASE = frozenset({"run-as", "on-failure", "runtime-versions", "commands", "finally", "steps"})
_ENV = frozenset(
    {"shell", "variables", "parameter-store", "secrets-manager", "exported-variables", "git-credential-helper"}
)
_ARTIFACTS = frozenset(
    {"files", "name", "discard-paths", "base-directory", "exclude-paths", "enable-symlinks", "s3-prefix"}
    | {"secondary-artifacts"}
)
_ON_FAILURE = re.compile(r"ABORT|CONTINUE|RETRY(-.+)?")
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")


def problems(document: Any) -> list[str]:
    """Everything that CodeBuild would not take; each as a path and what is wrong there."""
    if not isinstance(document, Mapping):
        return ["is not a mapping"]
    found = [*_unknown("", document, _TOP)]
    if document.get("version") != 0.2:
        found.append("version: is not 0.2")
    phases = document.get("phases")
    if not isinstance(phases, Mapping) or not phases:
        return [*found, "phases: is missing"]
    found += _unknown("phases.", phases, _PHASES)
    for name, phase in phases.items():
        found += _phase(f"phases.{name}", name, phase)
    found += _env(document.get("env", {}))
    if "artifacts" in document:
        found += _artifacts(document["artifacts"])
    return found


def _phase(path: str, name: str, phase: Any) -> Iterator[str]:
    if not isinstance(phase, Mapping):
        yield f"{path}: is not a mapping"
        return
    yield from _unknown(f"{path}.", phase, _PHASE)
    if name != "install" and "runtime-versions" in phase:
        yield f"{path}.runtime-versions: is for install only"
    if name != "install" and "commands" not in phase:
        yield f"{path}.commands: is missing"
    if not _ON_FAILURE.fullmatch(str(phase.get("on-failure", "ABORT"))):
        yield f"{path}.on-failure: is none of ABORT, CONTINUE, RETRY"
    for key in ("commands", "finally"):
        if key in phase and not _texts(phase[key]):
            yield f"{path}.{key}: is not a list of texts"


def _env(env: Any) -> Iterator[str]:
    if not isinstance(env, Mapping):
        yield "env: is not a mapping"
        return
    yield from _unknown("env.", env, _ENV)
    for kind in ("variables", "parameter-store", "secrets-manager"):
        for name in env.get(kind, {}):
            if not _NAME.fullmatch(name) or name.startswith("CODEBUILD_"):
                yield f"env.{kind}.{name}: is no name for a variable; CODEBUILD_ is reserved"
    exported = env.get("exported-variables", [])
    if exported and not _texts(exported):
        yield "env.exported-variables: is not a list of texts"
    elif any(name.startswith("AWS_") for name in exported):
        yield "env.exported-variables: names that begin with AWS_ are not exported"


def _artifacts(artifacts: Any) -> Iterator[str]:
    if not isinstance(artifacts, Mapping):
        yield "artifacts: is not a mapping"
        return
    yield from _unknown("artifacts.", artifacts, _ARTIFACTS)
    if not _texts(artifacts.get("files")):
        yield "artifacts.files: is missing or not a list of texts"


def _unknown(path: str, mapping: Mapping[str, Any], known: Collection[str]) -> Iterator[str]:
    for key in mapping:
        if key not in known:
            yield f"{path}{key}: is not known"


def _texts(value: Any) -> bool:
    return isinstance(value, list) and bool(value) and all(isinstance(item, str) for item in value)
