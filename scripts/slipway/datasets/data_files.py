"""Checks the files of a dataset folder row by row before an upload."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path

from pipeline_lambdas.config.columns import column_problems, table_problems
from pipeline_lambdas.config.parsing import TrainingConfig
from pipeline_lambdas.release.dataset import CHANNELS
from slipway.datasets.columns import COLUMNS_FILE, read_columns
from slipway.datasets.csv_rules import ANY_NUMBER, FileCheck, LabelRule, bounded_lines, check_csv
from slipway.datasets.libsvm_rules import LIBSVM, check_libsvm
from slipway.datasets.table_rules import TableRule, check_table
from slipway.errors import SlipwayError
from slipway.project import shown
from slipway.session import Session
from slipway.terminal.output import Output


def check_dataset(session: Session, folder: Path, config: TrainingConfig | None) -> list[FileCheck]:
    """Check all files of a dataset folder; all of them must have the same number of columns."""
    paths = dataset_files(folder)
    checks: list[FileCheck] = []
    columns = 0
    total = sum(path.stat().st_size for path in paths)
    with session.output.progress("checking rows", total) as advance:
        for path in paths:
            channel = path.relative_to(folder).parts[0]
            with path.open("rb") as content:
                lines = _counted(bounded_lines(content.read), advance)
                found = check_channel(lines, shown(path), config, channel, columns)
            columns = columns or (0 if found.problem_count else found.columns)
            checks.append(found)
    return checks


def check_columns(folder: Path, file: str, config: TrainingConfig, files: list[FileCheck]) -> list[str]:
    """Return the columns that a config names and a dataset folder lacks, and a wrong number of names, as problems."""
    names = read_columns(folder)
    count = next((checked.columns for checked in files if not checked.problem_count), 0)
    if names and count and len(names) != count:
        return [f"{shown(folder / COLUMNS_FILE)}: found {len(names)} names; expected {count}, one for each column"]
    problems = list(table_problems(config, names))
    problems += [text for test in config.tests.values() for text in column_problems(test, names, count or None)]
    return [f"{file}: {problem}" for problem in problems]


def dataset_files(folder: Path) -> list[Path]:
    """Return the files of a dataset folder, channel by channel; SlipwayError if a channel has none."""
    paths: list[Path] = []
    for channel in CHANNELS:
        found = sorted(
            path
            for path in (folder / channel).rglob("*")
            if path.is_file() and not any(part.startswith((".", "_")) for part in path.relative_to(folder).parts)
        )
        if not found:
            raise SlipwayError(
                f"{shown(folder / channel)}: found no file; a dataset has "
                f"{', '.join(f'{name}/' for name in CHANNELS)}, each with at least one file.",
                lambda command: (
                    "Make it from one CSV file: " + command("data prepare FILE.csv --label NAME --out", shown(folder))
                ),
            )
        paths += found
    return paths


def check_channel(
    lines: Iterable[bytes], file: str, config: TrainingConfig | None, channel: str, columns: int
) -> FileCheck:
    """Check a file of a channel by what the config says of it; `columns` is the number in other files, 0 if unknown."""
    if config is not None and config.raw_rows:
        return check_table(lines, file, TableRule(tuple(config.column_types), config.class_names, columns))
    label = ANY_NUMBER if config is None else label_rule(config)
    libsvm = config is not None and config.content_type(channel) == LIBSVM
    return check_lines(lines, file, label, columns, libsvm=libsvm)


def check_lines(lines: Iterable[bytes], file: str, label: LabelRule, columns: int, *, libsvm: bool) -> FileCheck:
    """Check a file by the rules of its format."""
    return check_libsvm(lines, file, label) if libsvm else check_csv(lines, file, label, columns)


def label_rule(config: TrainingConfig) -> LabelRule:
    """Return the labels that the config's problem allows."""
    if config.problem == "binary":
        return LabelRule(classes=2)
    if config.problem == "multiclass":
        return LabelRule(classes=config.classes)
    return ANY_NUMBER


def report(output: Output, files: list[FileCheck]) -> None:
    """Print the problems of data files: the first ones, and their number."""
    for file in files:
        for problem in file.problems:
            output.say(str(problem), style="red")
        if file.problem_count > len(file.problems):
            output.say(f"{file.file}: {file.problem_count} problems in all", style="red")


def _counted(lines: Iterable[bytes], advance: Callable[[int], None]) -> Iterable[bytes]:
    pending = 0
    for line in lines:
        pending += len(line)
        if pending > 1_000_000:
            advance(pending)
            pending = 0
        yield line
