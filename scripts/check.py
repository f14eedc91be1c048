"""Verb `check`: training configs and data files, before a push or an upload finds out."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Annotated, BinaryIO

import typer

from pipeline_lambdas.columns import column_problems
from pipeline_lambdas.config import ConfigError, TrainingConfig, parse_config
from pipeline_lambdas.dataset import CHANNELS
from scripts.columns import COLUMNS_FILE, read_columns
from scripts.csv_rules import ANY_NUMBER, FileCheck, LabelRule, Problem, check_csv
from scripts.errors import SlipwayError, UnsuccessfulError
from scripts.output import Output
from scripts.project import shown
from scripts.session import Session, session_of
from scripts.whereabouts import check_functions, clone_around

LIBSVM = "text/libsvm"


def check(
    context: typer.Context,
    directory: Annotated[Path | None, typer.Argument(help="Folder of the training configs.")] = None,
    data: Annotated[Path | None, typer.Option(help="Dataset folder; default: the sample data of each model.")] = None,
) -> None:
    """Check training configs and data files; in a clone of functions, their sources.

    In a clone of a repository it is checked as it lies there, else the checkout. Every problem is shown; nothing is
    changed.
    """
    session = session_of(context)
    clone = None if directory else clone_around(Path.cwd())
    if clone and clone.holds == "functions":
        _check_functions(session, clone.folder)
        return
    folder = clone.folder if clone else directory or session.project.training_config
    session.output.say(f"checking {folder.resolve()}")
    configs, problems = check_configs(folder)
    files: list[FileCheck] = []
    for model, config in configs.items():
        dataset = data or session.project.data(model)
        if data is None and not dataset.is_dir():
            continue
        if data is None or model == session.names.model:
            checked = check_dataset(session, dataset, config)
            problems += check_columns(dataset, f"{shown(folder)}/{model}.yml", config, checked)
            files += checked
    for text in problems:
        session.output.say(text, style="red")
    report(session.output, files)
    session.output.result(
        {
            "folder": str(folder.resolve()),
            "configs": sorted(configs),
            "problems": [*problems, *(str(problem) for file in files for problem in file.problems)],
            "files": [{"file": file.file, "rows": file.rows, "columns": file.columns} for file in files],
        }
    )
    if problems or any(file.problem_count for file in files):
        raise UnsuccessfulError
    session.output.say(f"{len(configs)} configs and {len(files)} data files are in order.", style="green")


def _check_functions(session: Session, folder: Path) -> None:
    session.output.say(f"checking {folder}")
    found, problems = check_functions(folder)
    for text in problems:
        session.output.say(text, style="red")
    session.output.result({"folder": str(folder), "functions": found, "problems": problems})
    if problems:
        raise UnsuccessfulError
    session.output.say(f"{len(found)} functions can be packaged; Build runs linters and tests.", style="green")


def check_configs(folder: Path) -> tuple[dict[str, TrainingConfig], list[str]]:
    """Parse every config of a folder: the valid ones by model, and the problems of the others, a line each."""
    paths = sorted(folder.glob("*.yml"))
    if not paths:
        raise SlipwayError(
            f"{shown(folder)}: found no *.yml; a training config is a file named after its model.",
            "Name the folder that holds the configs: slipway check DIR",
        )
    configs: dict[str, TrainingConfig] = {}
    problems: list[str] = []
    for path in paths:
        file = shown(path)
        try:
            config = parse_config(path.read_text(encoding="utf-8-sig"), file)
        except UnicodeDecodeError as error:
            problems.append(f"{file}: found bytes that are not UTF-8 at offset {error.start}; allowed UTF-8 text")
        except ConfigError as error:
            problems += error.problems
        else:
            if config.model != path.stem:
                problems.append(f"{file}: model: found {config.model}; allowed {path.stem}, the name of the file")
            configs[path.stem] = config
    return configs, problems


def check_dataset(session: Session, folder: Path, config: TrainingConfig | None) -> list[FileCheck]:
    """Check all files of a dataset folder; the number of columns must be the same in all of them."""
    paths = dataset_files(folder)
    checks: list[FileCheck] = []
    columns = 0
    total = sum(path.stat().st_size for path in paths)
    with session.output.progress("checking rows", total) as advance:
        for path in paths:
            channel = path.relative_to(folder).parts[0]
            label = ANY_NUMBER if config is None else label_rule(config)
            libsvm = config is not None and config.content_type(channel) == LIBSVM
            with path.open("rb") as lines:
                found = check_lines(_counted(lines, advance), shown(path), label, columns, libsvm=libsvm)
            columns = columns or (0 if found.problem_count else found.columns)
            checks.append(found)
    return checks


def check_columns(folder: Path, file: str, config: TrainingConfig, files: list[FileCheck]) -> list[str]:
    """Problems of the columns that a config names and a dataset folder lacks, and of a wrong number of names."""
    names = read_columns(folder)
    count = next((checked.columns for checked in files if not checked.problem_count), 0)
    if names and count and len(names) != count:
        return [f"{shown(folder / COLUMNS_FILE)}: found {len(names)} names; allowed {count}, one for each column"]
    tests = config.tests.values()
    return [f"{file}: {problem}" for test in tests for problem in column_problems(test, names, count or None)]


def dataset_files(folder: Path) -> list[Path]:
    """The files of a dataset folder in the order of the channels; SlipwayError if a channel has none."""
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
                f"Make it from one CSV file: slipway data prepare FILE.csv --label NAME --out {shown(folder)}",
            )
        paths += found
    return paths


def check_lines(lines: Iterable[bytes], file: str, label: LabelRule, columns: int, *, libsvm: bool) -> FileCheck:
    """Check a file by the rules of its format; of libsvm only that there are rows is checked here."""
    if not libsvm:
        return check_csv(lines, file, label, columns)
    result = FileCheck(file)
    result.rows = sum(1 for line in lines if line.strip())
    if not result.rows:
        result.add(Problem(file, 1, 0, "an empty file", "at least one row"))
    return result


def label_rule(config: TrainingConfig) -> LabelRule:
    """Which labels the config's problem knows."""
    if config.problem == "binary":
        return LabelRule(classes=2)
    if config.problem == "multiclass":
        return LabelRule(classes=int(config.hyperparameters.get("num_class", "0")))
    return ANY_NUMBER


def report(output: Output, files: list[FileCheck]) -> None:
    """Show the problems of data files: the first ones, and how many there are."""
    for file in files:
        for problem in file.problems:
            output.say(str(problem), style="red")
        if file.problem_count > len(file.problems):
            output.say(f"{file.file}: {file.problem_count} problems in all", style="red")


def _counted(lines: BinaryIO, advance: Callable[[int], None]) -> Iterable[bytes]:
    pending = 0
    for line in lines:
        pending += len(line)
        if pending > 1_000_000:
            advance(pending)
            pending = 0
        yield line
