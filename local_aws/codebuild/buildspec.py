"""A buildspec of version 0.2, read and checked once.

https://docs.aws.amazon.com/codebuild/latest/userguide/build-spec-ref.html. A key that CodeBuild does not know, or that
local AWS does not emulate, is refused by name: a build that skips something must not look like one that did it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

PHASES = ("install", "pre_build", "build", "post_build")
ABORT, CONTINUE = "ABORT", "CONTINUE"
_SHELLS = {"bash": "bash", "sh": "sh", "/bin/sh": "sh"}
_COMMANDS_OPTIONAL = frozenset({"install"})

_TOP = {"version", "env", "phases", "artifacts", "cache"}
_TOP_REFUSED = {"batch", "proxy", "reports", "run-as"}
_ENV = {"shell", "variables", "parameter-store", "secrets-manager", "exported-variables", "git-credential-helper"}
_PHASE = {"commands", "finally", "on-failure"}
_FILES = {"files", "base-directory", "discard-paths", "exclude-paths", "name", "enable-symlinks"}
_ARTIFACTS_REFUSED = {"s3-prefix"}


class BuildspecError(Exception):
    """The buildspec cannot be run; the message names the key and what is allowed."""


@dataclass(frozen=True)
class Phase:
    """The commands of a phase; those of `final` always run."""

    commands: tuple[str, ...] = ()
    final: tuple[str, ...] = ()
    on_failure: str = ""


@dataclass(frozen=True)
class Artifact:
    """Output files of a build, selected below `base_directory`."""

    files: tuple[str, ...]
    base_directory: str = ""
    discard_paths: bool = False
    exclude: tuple[str, ...] = ()
    name: str = ""


@dataclass(frozen=True)
class Buildspec:
    """The content of a buildspec."""

    shell: str
    variables: Mapping[str, str]
    parameters: Mapping[str, str]
    secrets: Mapping[str, str]
    exported: tuple[str, ...]
    phases: Mapping[str, Phase]
    runtimes: Mapping[str, str] = field(default_factory=dict)
    artifact: Artifact | None = None
    secondary: Mapping[str, Artifact] = field(default_factory=dict)


def parse(text: str) -> Buildspec:
    """Parse a buildspec from YAML text. Raises BuildspecError."""
    import yaml  # noqa: PLC0415 - an idle local AWS does not need it

    try:
        document = yaml.safe_load(text)
    except yaml.YAMLError as error:
        raise BuildspecError(f"the buildspec is not YAML: {' '.join(str(error).split())}") from None
    top = _mapping(document, "the buildspec")
    _check_keys(top, "the buildspec", _TOP, _TOP_REFUSED)
    if str(top.get("version")) != "0.2":
        raise BuildspecError(f"version: found {top.get('version')!r}; expected 0.2")
    env = _mapping(top.get("env") or {}, "env")
    _check_keys(env, "env", _ENV)
    if env.get("git-credential-helper") not in (None, False):
        raise BuildspecError("env.git-credential-helper: found yes; local AWS gives builds no git credentials")
    phases, runtimes = _phases(top.get("phases"))
    artifact, secondary = _artifacts(top.get("artifacts"))
    return Buildspec(
        _shell(env.get("shell", "sh")),
        _variables(env, "variables"),
        _variables(env, "parameter-store"),
        _variables(env, "secrets-manager"),
        _exported(env),
        phases,
        runtimes,
        artifact,
        secondary,
    )


def _shell(name: Any) -> str:
    if name not in _SHELLS:
        raise BuildspecError(f"env.shell: found {name!r}; expected {', '.join(_SHELLS)}")
    return _SHELLS[name]


def _variables(env: Mapping[str, Any], key: str) -> dict[str, str]:
    found = _mapping(env.get(key) or {}, f"env.{key}")
    return {check_name(name, f"env.{key}"): _text(value, f"env.{key}.{name}") for name, value in found.items()}


def check_name(name: str, where: str) -> str:
    """A variable's name, if a build may set it. Raises BuildspecError.

    https://docs.aws.amazon.com/codebuild/latest/userguide/build-spec-ref.html#build-spec.env.variables
    """
    if name.startswith("CODEBUILD_"):
        raise BuildspecError(f"{where}.{name}: names that begin with CODEBUILD_ are reserved")
    if not name.isidentifier() or not name.isascii():
        raise BuildspecError(f"{where}.{name}: this is not a name of an environment variable")
    return name


def _exported(env: Mapping[str, Any]) -> tuple[str, ...]:
    names = _texts(env.get("exported-variables") or [], "env.exported-variables")
    for name in names:
        if name.startswith("AWS_"):
            raise BuildspecError(f"env.exported-variables: {name} cannot be exported: its name begins with AWS_")
    return names


def _phases(document: Any) -> tuple[dict[str, Phase], dict[str, str]]:
    if document is None:
        raise BuildspecError("the buildspec has no phases; it needs at least one of " + ", ".join(PHASES))
    found = _mapping(document, "phases")
    _check_keys(found, "phases", set(PHASES))
    phases, runtimes = {}, {}
    for name, value in found.items():
        where = f"phases.{name}"
        phase = _mapping(value, where)
        allowed = _PHASE | ({"runtime-versions"} if name == "install" else set())
        _check_keys(phase, where, allowed, {"run-as"})
        if "commands" not in phase and name not in _COMMANDS_OPTIONAL:
            raise BuildspecError(f"{where} has no commands")
        if "runtime-versions" in phase:
            versions = _mapping(phase["runtime-versions"], f"{where}.runtime-versions")
            runtimes = {key: _text(version, f"{where}.runtime-versions.{key}") for key, version in versions.items()}
        phases[name] = Phase(
            _texts(phase.get("commands") or [], f"{where}.commands"),
            _texts(phase.get("finally") or [], f"{where}.finally"),
            _on_failure(phase.get("on-failure", ""), where),
        )
    return phases, runtimes


def _on_failure(value: Any, where: str) -> str:
    if str(value).startswith("RETRY"):
        raise BuildspecError(f"{where}.on-failure: found {value}; local AWS does not retry builds")
    if value not in ("", ABORT, CONTINUE):
        raise BuildspecError(f"{where}.on-failure: found {value!r}; expected {ABORT} and {CONTINUE}")
    return str(value)


def _artifacts(document: Any) -> tuple[Artifact | None, dict[str, Artifact]]:
    if document is None:
        return None, {}
    found = _mapping(document, "artifacts")
    _check_keys(found, "artifacts", _FILES | {"secondary-artifacts"}, _ARTIFACTS_REFUSED)
    others = _mapping(found.get("secondary-artifacts") or {}, "artifacts.secondary-artifacts")
    secondary = {}
    for name, value in others.items():
        where = f"artifacts.secondary-artifacts.{name}"
        _check_keys(_mapping(value, where), where, _FILES, _ARTIFACTS_REFUSED)
        secondary[name] = _artifact(value, where)
    return _artifact(found, "artifacts"), secondary


def _artifact(document: Mapping[str, Any], where: str) -> Artifact:
    files = _texts(document.get("files") or [], f"{where}.files")
    if not files:
        raise BuildspecError(f"{where} has no files")
    if _boolean(document.get("enable-symlinks", False), f"{where}.enable-symlinks"):
        raise BuildspecError(f"{where}.enable-symlinks: local AWS does not put symbolic links into artifacts")
    return Artifact(
        files,
        _text(document.get("base-directory", ""), f"{where}.base-directory"),
        _boolean(document.get("discard-paths", False), f"{where}.discard-paths"),
        _texts(document.get("exclude-paths") or [], f"{where}.exclude-paths"),
        _text(document.get("name", ""), f"{where}.name"),
    )


def _boolean(value: Any, where: str) -> bool:
    if not isinstance(value, bool):
        raise BuildspecError(f"{where}: found {value!r}; expected yes and no")
    return value


def _mapping(value: Any, where: str) -> dict[str, Any]:
    if not isinstance(value, dict) or not all(isinstance(key, str) for key in value):
        raise BuildspecError(f"{where}: expected keys with values, found {type(value).__name__}")
    return value


def _texts(value: Any, where: str) -> tuple[str, ...]:
    if not isinstance(value, list):
        raise BuildspecError(f"{where}: expected a list, found {type(value).__name__}")
    return tuple(_text(item, f"{where}[{number}]") for number, item in enumerate(value))


def _text(value: Any, where: str) -> str:
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        raise BuildspecError(f"{where}: expected text, found {type(value).__name__}; quote it if it contains ': '")
    return str(value)


def _check_keys(found: Mapping[str, Any], where: str, allowed: set[str], refused: set[str] | None = None) -> None:
    for key in found:
        if key in (refused or ()):
            raise BuildspecError(f"{where}: {key} is not emulated by local AWS")
        if key not in allowed:
            raise BuildspecError(f"{where}: found the key {key}; expected {', '.join(sorted(allowed))}")
