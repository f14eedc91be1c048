"""The code of the workflows: packages of functions and scripts of jobs, in a folder named by their content."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from slipway_build.errors import BuildError
from slipway_build.packages import OWN_PACKAGES, Package, build_one

from slipway.errors import SlipwayError
from slipway.session import Session

FOLDER = "workflows"
"""Of the sources in the checkout, and of what is made from them in the package bucket."""
_DIGITS = 16


@dataclass(frozen=True)
class Code:
    """All packages, and the scripts by their keys below the folder of the version."""

    packages: tuple[Package, ...]
    scripts: dict[str, bytes]

    @property
    def version(self) -> str:
        """16 hexadecimal digits of the sources: another machine, or Python, makes the same."""
        digest = hashlib.sha256()
        for name, content in sorted([*self._sources(), *self.scripts.items()]):
            digest.update(f"{name}\0{len(content)}\0".encode() + content)
        return digest.hexdigest()[:_DIGITS]

    def _sources(self) -> Iterator[tuple[str, bytes]]:
        for package in self.packages:
            for name, content in package.files.items():
                yield f"{package.function}/{name}", content

    def objects(self) -> Iterator[tuple[str, bytes]]:
        """Key and content of all that belongs to the version."""
        folder = f"{FOLDER}/{self.version}"
        for package in self.packages:
            yield f"{folder}/{package.function}.zip", package.zipped()
        for name, content in self.scripts.items():
            yield f"{folder}/{name}", content


def function_handlers(root: Path) -> dict[str, str]:
    """Function, such as `list-images`, to the module of its handler."""
    modules = sorted((root / FOLDER).glob("*/handlers/*.py"))
    return {
        module.stem.replace("_", "-"): ".".join(module.relative_to(root).with_suffix("").parts)
        for module in modules
        if module.stem != "__init__"
    }


def build_code(root: Path) -> Code:
    """Build the packages of all functions; SlipwayError if one imports what no function may."""
    own = (*OWN_PACKAGES, FOLDER)
    try:
        packages = tuple(build_one(root, name, handler, own) for name, handler in function_handlers(root).items())
    except BuildError as error:
        raise SlipwayError(str(error)) from None
    scripts = {
        f"scripts/{path.parts[-3]}/{path.name}": path.read_bytes()
        for path in sorted((root / FOLDER).glob("*/scripts/*.py"))
    }
    return Code(packages, scripts)


def upload_code(session: Session, code: Code) -> int:
    """Upload what the package bucket lacks of the version; returns the number of objects."""
    s3, bucket = session.client("s3"), session.names.bucket("packages")
    pages = s3.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=f"{FOLDER}/{code.version}/")
    there = {found["Key"] for page in pages for found in page.get("Contents", [])}
    missing = [(key, content) for key, content in code.objects() if key not in there]
    for key, content in missing:
        s3.put_object(Bucket=bucket, Key=key, Body=content)
    return len(missing)
