"""The packages that a training program adds to its image: a lock in the model's folder, and the wheels that it names.

Training and serving have no network. So Build fetches the wheels, which `slipway_build.wheels` does, and stores them
under the hash of the lock and of the image's platform; a training job gets them as one more channel, and they travel on
in the model. Beside them lies a list, written last.

The lock has the form that `uv pip compile --generate-hashes` and `pip-compile --generate-hashes` write:
https://pip.pypa.io/en/stable/topics/secure-installs/
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from pipeline_lambdas.algorithms.algorithm import Platform
from pipeline_lambdas.config.model import TrainingConfig
from pipeline_lambdas.release.affected import program_folder

FILE = "requirements.txt"
CHANNEL = "wheels"
PREFIX = "wheels"
MOST_BYTES = 512 * 1024 * 1024
"""What the wheels may have together: each copy of the endpoint unpacks them and installs them before it answers."""
_OFFLINE = "--no-index"
_TRAINING_FOLDER = f"/opt/ml/input/data/{CHANNEL}"
_SERVING_FOLDER = "wheels"
# https://packaging.python.org/en/latest/specifications/name-normalization/
_PIN = re.compile(
    r"(?P<name>[A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?)(?P<extras>\[[A-Za-z0-9._, -]+\])?"
    r"\s*==\s*(?P<version>[A-Za-z0-9][A-Za-z0-9.!+_-]*)"
)
_HASH = re.compile(r"--hash=sha256:(?P<hash>[0-9a-f]{64})")
_ANY_HASH = re.compile(r"--hash=\S+")
_MOST_PROBLEMS = 10
_SHOWN = 60
"""Characters of a line in a message."""


@dataclass(frozen=True, slots=True)
class Pin:
    """One package in one version; `hashes` are the SHA-256 of the files that it may be."""

    name: str
    extras: str
    version: str
    hashes: frozenset[str]

    @property
    def requirement(self) -> str:
        return f"{self.name}{self.extras}=={self.version}"


@dataclass(frozen=True, slots=True)
class Lock:
    """The packages of a lock, in the order of their names."""

    pins: tuple[Pin, ...]

    @property
    def text(self) -> str:
        """Return the lock as pip takes it, without comments."""
        return "".join(
            f"{pin.requirement} {' '.join(f'--hash=sha256:{one}' for one in sorted(pin.hashes))}\n" for pin in self.pins
        )

    @property
    def hashes(self) -> frozenset[str]:
        return frozenset().union(*(pin.hashes for pin in self.pins))

    def key(self, platform: Platform) -> str:
        """Return the SHA-256 that the wheels of this lock for a platform are stored under."""
        return hashlib.sha256(f"{platform.title}\n{self.text}".encode()).hexdigest()

    def offline(self) -> bytes:
        """Return the requirements.txt that an image without a network installs from.

        Without hashes: XGBoost's image, and scikit-learn's where it serves, install the program itself by the same
        command, and pip takes no folder where hashes are asked for. What trains compares the wheels with the hashes.
        https://github.com/aws/sagemaker-containers (_modules.py: install)
        """
        head = (_OFFLINE, f"--find-links {_TRAINING_FOLDER}", f"--find-links {_SERVING_FOLDER}")
        return "".join(f"{line}\n" for line in (*head, *(pin.requirement for pin in self.pins))).encode()


def is_lock(content: bytes) -> bool:
    """Tell whether a requirements.txt is a lock; one with --no-index has its wheels beside it."""
    return _OFFLINE not in map(str.strip, _text(content).splitlines())


def parse_lock(content: bytes) -> tuple[Lock, list[str]]:
    """Return the lock, and what is wrong with its lines."""
    pins: dict[str, Pin] = {}
    problems: list[str] = []
    for number, line in _lines(_text(content)):
        found = _pin(line)
        if isinstance(found, str):
            problems.append(f"line {number}: {found}")
        elif found.name in pins:
            problems.append(f"line {number}: found {found.name} twice; expected one line for each package")
        else:
            pins[found.name] = found
    if not pins and not problems:
        problems.append("found no package; expected a line for each, or no such file")
    return Lock(tuple(pins[name] for name in sorted(pins))), problems


def lock_problems(config: TrainingConfig, content: bytes) -> Iterator[str]:
    """Yield what is wrong with the requirements.txt of a model, with the next step."""
    place = f"{program_folder(config.model)}{FILE}"
    platform = platform_of(config)
    if platform is None:
        algorithm = config.algorithm
        yield (
            f"{place}: found it with {algorithm.name} {algorithm.version}, of whose image it is not known which wheels "
            f"fit; take another version of {algorithm.name}, or put the wheels into {program_folder(config.model)}"
            f"wheels/ and begin {FILE} with the lines {_OFFLINE} and --find-links wheels"
        )
        return
    _, problems = parse_lock(content)
    yield from (f"{place}: {problem}" for problem in problems[:_MOST_PROBLEMS])
    if len(problems) > _MOST_PROBLEMS:
        yield f"{place}: and {len(problems) - _MOST_PROBLEMS} more lines like these"
    if problems:
        python = ".".join(map(str, platform.python))
        yield (
            f"{place}: write it from a list of what the program needs: uv pip compile requirements.in "
            f"--generate-hashes --python-version {python} --python-platform {platform.name} --output-file {FILE}"
        )


def platform_of(config: TrainingConfig) -> Platform | None:
    """Return what wheels have to fit in the config's image; None if that is not known."""
    mode = config.built_in.script
    return mode.platforms.get(config.algorithm.version) if mode else None


def lock_of(config: TrainingConfig, content: bytes | None) -> tuple[Lock, Platform] | None:
    """Return the lock of a requirements.txt, and its platform; None if it is no lock, or one with problems."""
    platform = platform_of(config)
    if content is None or platform is None or not is_lock(content):
        return None
    lock, problems = parse_lock(content)
    return None if problems else (lock, platform)


def folder_of(key: str) -> str:
    """Return the prefix, in the model bucket, that holds the wheels and nothing else."""
    return f"{PREFIX}/{key}/"


def list_key(key: str) -> str:
    """Return where the list of the wheels lies, which is written last."""
    return f"{PREFIX}/{key}.json"


def list_document(wheels: Mapping[str, str]) -> bytes:
    """Return the list: file names to SHA-256."""
    return json.dumps({"schema": "slipway-wheels/1", "wheels": dict(sorted(wheels.items()))}, indent=2).encode()


def read_list(content: bytes) -> dict[str, str]:
    """Return the file names and SHA-256 of a list. Raises ValueError if it is none."""
    try:
        return {str(name): str(sha256) for name, sha256 in json.loads(content)["wheels"].items()}
    except (KeyError, TypeError, AttributeError) as error:
        raise ValueError(f"no list of wheels: {error}") from None


def _text(content: bytes) -> str:
    """Return what a file says, without the byte order mark that an editor of Windows may begin it with."""
    return content.decode("utf-8-sig", "replace")


def _lines(text: str) -> Iterator[tuple[int, str]]:
    """Yield each logical line without its comment, with the number of its first physical one."""
    held, start = "", 0
    for number, raw in enumerate(text.splitlines(), start=1):
        line = re.sub(r"(^|\s)#.*", "", raw).rstrip()
        start = start if held else number
        if line.endswith("\\"):
            held += f"{line[:-1]} "
            continue
        if (held + line).strip():
            yield start, " ".join((held + line).split())
        held = ""
    if held.strip():
        yield start, " ".join(held.split())


def _pin(line: str) -> Pin | str:
    """Return what a line pins, or what is wrong with it."""
    before = _ANY_HASH.split(line)[0].strip()
    shown = before if len(before) <= _SHOWN else f"{before[:_SHOWN]}..."
    if line.startswith("-"):
        return f"found the option {shown or line[:_SHOWN]}; expected packages with exact versions and hashes alone"
    if ";" in before:
        return f"found {shown}; expected no condition, as a lock is made for one image"
    pinned = _PIN.fullmatch(before)
    if pinned is None:
        return f"found {shown}; expected an exact version of a package, such as polars==1.31.0"
    hashes = frozenset(found["hash"] for found in _HASH.finditer(line))
    if not hashes or len(_ANY_HASH.findall(line)) != len(_HASH.findall(line)):
        return f"found {shown} without a hash; expected --hash=sha256:... for each of its files"
    name = re.sub(r"[-_.]+", "-", pinned["name"]).lower()
    return Pin(name, (pinned["extras"] or "").replace(" ", ""), pinned["version"], hashes)
