"""A script's requirements.txt: what it names, and what of it a container without a network can have.

https://pip.pypa.io/en/stable/reference/requirements-file-format/
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from pathlib import Path

FILE = "requirements.txt"
_NAME = re.compile(r"[A-Za-z0-9._-]+")
_PINNED = re.compile(r"===?\s*(?P<version>[^\s,;#\\]+)")
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


def digest(code: Path) -> str:
    """A hash of what the file says, and of the whole code if it refers to other files."""
    text = (code / FILE).read_bytes()
    made = hashlib.sha256(text)
    if any(map(_refers_elsewhere, lines(text.decode("utf-8", "replace")))):
        for path in sorted(path for path in code.rglob("*") if path.is_file()):
            made.update(path.relative_to(code).as_posix().encode() + b"\0" + path.read_bytes())
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
