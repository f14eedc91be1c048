"""A script's requirements.txt: what it names, and what of it a container without a network can have.

https://pip.pypa.io/en/stable/reference/requirements-file-format/
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from importlib.metadata import Distribution
from pathlib import Path

FILE = "requirements.txt"
_NAME = re.compile(r"[A-Za-z0-9._-]+")
_PINNED = re.compile(r"===?\s*(?P<version>[^\s,;#\\]+)")
_OFFLINE = "--no-index"
_FOLDER = re.compile(r"(?:--find-links|-f)(?:=|\s+)(?P<folder>[^\s=]\S*)")
IN_ALL_IMAGES = frozenset(
    {
        "boto3",
        "botocore",
        "cryptography",
        "flask",
        "gunicorn",
        "jinja2",
        "joblib",
        "markupsafe",
        "numpy",
        "pandas",
        "protobuf",
        "psutil",
        "pyarrow",
        "python-dateutil",
        "pytz",
        "retrying",
        "s3transfer",
        "scikit-learn",
        "scipy",
        "setuptools",
        "six",
        "threadpoolctl",
        "tzdata",
        "urllib3",
        "werkzeug",
        "wheel",
    }
)
"""Packages that the images of XGBoost, scikit-learn and PyTorch have: their requirements.txt and what these need."""


def lines(text: str) -> list[str]:
    """The logical lines, without comments and empty ones; a backslash at a line's end continues it."""
    joined = re.sub(r"\\\r?\n", " ", text)
    return [line for line in joined.splitlines() if line.strip() and not line.lstrip().startswith("#")]


def has_hashes(text: str) -> bool:
    return "--hash=" in text


def digest(code: Path, here: Callable[[str], Path]) -> str:
    """A hash of what the file asks for.

    With wheels in folders, of the packages and the wheels, wherever they lie; if it refers to other files in another
    way, of the whole code. `here` gives the path on this machine for one in the container.
    """
    text = (code / FILE).read_bytes()
    named = lines(text.decode("utf-8", "replace"))
    if any(map(_refers_elsewhere, named)):
        folders, rest = wheel_folders(named, code, here), [line for line in named if not _names_wheels(line)]
        if folders and not any(map(_refers_elsewhere, rest)):
            return _digest_of(rest, (path for folder in folders for path in folder.glob("*.whl")))
    made = hashlib.sha256(text)
    if any(map(_refers_elsewhere, named)):
        for path in sorted(path for path in code.rglob("*") if path.is_file()):
            made.update(path.relative_to(code).as_posix().encode() + b"\0" + path.read_bytes())
    return made.hexdigest()


def wheel_folders(named: Iterable[str], code: Path, here: Callable[[str], Path]) -> list[Path]:
    """The folders of --find-links that are there, in the order in which pip looks into them."""
    found = (_FOLDER.fullmatch(line.strip()) for line in named)
    folders = [match["folder"] for match in found if match]
    places = [here(folder) if folder.startswith("/") else code / folder for folder in folders]
    return [place for place in places if place.is_dir()]


def offline_pins(text: str, folders: Iterable[Path]) -> list[str]:
    """The packages of a file that reaches no index, if the folders hold a wheel of each in its version; else none."""
    named = lines(text)
    pins = [line for line in named if not _names_wheels(line)]
    wheels = {
        (_normal(name), version)
        for folder in folders
        for path in folder.glob("*.whl")
        for name, version in [path.name.split("-")[:2]]
    }
    if _OFFLINE not in map(str.strip, named) or not all(_pinned(pin) in wheels for pin in pins):
        return []
    return pins


def lacking(installed: Iterable[Distribution], versions: Mapping[str, str]) -> list[str]:
    """What packages need that is neither among them nor in the image, which makes the image's pip fail.

    Needs under a condition are left out, as it would be asked of another Python.
    """
    found = list(installed)
    there = {_normal(one.name) for one in found} | IN_ALL_IMAGES | set(versions)
    needs = [(one.name, need) for one in found for need in one.requires or () if ";" not in need]
    return [f"{need}, which {name} needs" for name, need in needs if _pinned(need)[0] not in there]


def _names_wheels(line: str) -> bool:
    return line.strip() == _OFFLINE or _FOLDER.fullmatch(line.strip()) is not None


def _pinned(line: str) -> tuple[str, str]:
    name, version = _NAME.match(line.strip()), _PINNED.search(line)
    return (_normal(name[0]) if name else "", version["version"] if version else "")


def _normal(name: str) -> str:
    """https://packaging.python.org/en/latest/specifications/name-normalization/."""
    return re.sub(r"[-_.]+", "-", name).lower()


def _digest_of(packages: Iterable[str], wheels: Iterator[Path]) -> str:
    made = hashlib.sha256("\n".join(sorted(packages)).encode())
    for name, path in sorted({path.name: path for path in wheels}.items()):
        made.update(name.encode() + b"\0" + hashlib.sha256(path.read_bytes()).digest())
    return made.hexdigest()


def beyond_image(text: str, versions: Mapping[str, str]) -> list[str]:
    """The lines that an image cannot satisfy by itself: packages that it lacks, and other versions than its own.

    `versions` are the image's known versions. Options, such as --find-links to wheels in the code, are kept.
    """
    return [line for line in lines(text) if not _in_image(line, versions)]


def _refers_elsewhere(line: str) -> bool:
    """Whether a line is an option or names a file."""
    first, *rest = line.split()
    return first.startswith(("-", ".", "/")) or any(word.startswith(("file:", "./", "../")) for word in rest)


def _in_image(line: str, versions: Mapping[str, str]) -> bool:
    found = _NAME.match(line.strip())
    if found is None or found[0].startswith(("-", ".")):
        return False
    name = found[0].replace("_", "-").replace(".", "-").lower()
    known = versions.get(name)
    wanted = line.strip()[found.end() :].partition(";")[0].partition("#")[0]
    pinned = _PINNED.search(wanted)
    if known is not None and pinned is not None:
        return pinned["version"] == known
    return known is not None or name in IN_ALL_IMAGES
