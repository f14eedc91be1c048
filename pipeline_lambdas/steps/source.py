"""The source of a training program, stored under the hash of its content."""

from __future__ import annotations

import gzip
import hashlib
import io
import json
import tarfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from pipeline_lambdas.aws import s3
from pipeline_lambdas.config.features import features_document
from pipeline_lambdas.config.model import TrainingConfig
from pipeline_lambdas.release.affected import program_folder
from pipeline_lambdas.release.retries import START_NEW
from pipeline_lambdas.release.script_mode import SCRIPT_PROGRAM, TABLE_PROGRAM, TARBALL
from pipeline_lambdas.release.wheels import FILE as REQUIREMENTS
from pipeline_lambdas.release.wheels import is_lock, lock_of, lock_problems
from pipeline_lambdas.runtime.failures import ConfigurationError, JobFailedError

PREFIX = "source"
FEATURES = "features.json"
_TOP = Path(__file__).parents[1]
_TABULAR = "tabular"
_ENTRY = f"{_TABULAR}/entry.py"
_SCRIPT_ENTRY = "program/entry.py"
SCRIPT_SETTINGS = "slipway_script.json"
# Of the function's memory the files take this twice, and packed a third time.
MOST_BYTES = 16 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Source:
    """A packed source."""

    content: bytes

    @property
    def sha256(self) -> str:
        return hashlib.sha256(self.content).hexdigest()

    @property
    def folder(self) -> str:
        """The prefix that holds the source and nothing else."""
        return f"{PREFIX}/{self.sha256}/"


def source_of(
    config: TrainingConfig, folder: Mapping[str, bytes] | None = None, wheels: Mapping[str, str] | None = None
) -> Source | None:
    """Return the source of the program that trains the config's model; None if its algorithm is built in.

    `folder` holds the files of a config's script and metrics, `wheels` the SHA-256 of the packages that it adds to the
    image, by file name. Raises ConfigurationError if they are not as they have to be.
    """
    problems = list(folder_problems(config, folder or {}))
    if problems:
        raise ConfigurationError("\n".join(problems))
    if config.script:
        return Source(packed(script_files(config, folder or {}, _TOP, wheels)))
    if not config.features:
        return None
    return Source(packed(table_files(config, _TOP)))


def script_files(
    config: TrainingConfig, folder: Mapping[str, bytes], package: Path, wheels: Mapping[str, str] | None = None
) -> dict[str, bytes]:
    """Return a script's files by name, and beside them the program that runs it and says which files there are."""
    if config.script is None:
        raise ValueError(f"{config.model} has no script")
    entry = {SCRIPT_PROGRAM: (package / _SCRIPT_ENTRY).read_bytes()}
    settings = {"program": config.script.program, "serve": config.script.serve}
    files = sorted([*folder, SCRIPT_PROGRAM, SCRIPT_SETTINGS])
    added = {"wheels": dict(sorted(wheels.items()))} if wheels else {}
    text = json.dumps({**settings, "files": files, **added}, indent=2, ensure_ascii=False) + "\n"
    found = lock_of(config, folder.get(REQUIREMENTS))
    locked = {REQUIREMENTS: found[0].offline()} if found else {}
    return {**folder, **locked, **entry, SCRIPT_SETTINGS: text.encode()}


def folder_problems(config: TrainingConfig, folder: Mapping[str, bytes]) -> Iterator[str]:
    """Yield what is wrong with the files beside a config, by their names in the model's folder."""
    script, metrics, place = config.script, config.metrics, program_folder(config.model)
    named = [*([script.program, script.serve] if script else []), *([metrics.file] if metrics else [])]
    for name in dict.fromkeys(named):
        if name not in folder:
            found = ", ".join(sorted(folder)[:10]) or "no file"
            yield f"{place}{name}: found {found} in the folder; expected {name}, which {config.model}.yml names"
    size = sum(map(len, folder.values()))
    if named and size > MOST_BYTES:
        yield f"{place}: found {size} bytes; expected at most {MOST_BYTES}"
    if script is None:
        return
    for name in sorted(set(folder) & {SCRIPT_PROGRAM, SCRIPT_SETTINGS}):
        yield f"{place}{name}: found a file of a name that Slipway takes for its own; expected another name"
    if REQUIREMENTS in folder and is_lock(folder[REQUIREMENTS]):
        yield from lock_problems(config, folder[REQUIREMENTS])


def table_files(config: TrainingConfig, package: Path) -> dict[str, bytes]:
    """Return what trains on a table, by name: the room `tabular` of this package, its entry, and the columns."""
    names = ["__init__.py", *(f"{_TABULAR}/{path.name}" for path in (package / _TABULAR).glob("*.py"))]
    files = {f"{package.name}/{name}": (package / name).read_bytes() for name in names}
    columns = json.dumps(features_document(config), indent=2, ensure_ascii=False) + "\n"
    return {**files, TABLE_PROGRAM: (package / _ENTRY).read_bytes(), FEATURES: columns.encode()}


def packed(files: Mapping[str, bytes]) -> bytes:
    """Return files as a tarball; the same ones give the same bytes."""
    buffer = io.BytesIO()
    with (
        gzip.GzipFile(filename="", mode="wb", fileobj=buffer, mtime=0) as zipped,
        tarfile.open(mode="w", fileobj=zipped, format=tarfile.PAX_FORMAT) as archive,
    ):
        for name, content in sorted(files.items()):
            entry = tarfile.TarInfo(name)
            entry.size = len(content)
            archive.addfile(entry, io.BytesIO(content))
    return buffer.getvalue()


def unpacked(source: Source, folder: Path) -> None:
    """Write the files of a source into a folder."""
    with tarfile.open(fileobj=io.BytesIO(source.content), mode="r:gz") as archive:
        archive.extractall(folder, filter="data")


def store(source: Source, bucket: str, kms_key_arn: str) -> str:
    """Put the source into the bucket unless it is there; return the address of its folder.

    Code of any model may have put another object there first, so what is there has to be the source. Raises
    JobFailedError if it is not.
    """
    key = f"{source.folder}{TARBALL}"
    if not s3.create_object(bucket, key, source.content, "application/gzip", kms_key_arn):
        raise JobFailedError(
            f"s3://{bucket}/{key}: found another object; expected the source that its key is the hash of. The access "
            f"log of the bucket shows who wrote it. Delete it. {START_NEW}."
        )
    return f"s3://{bucket}/{source.folder}"
