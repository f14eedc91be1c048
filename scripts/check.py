"""Verb `check`: training configs and data files, before a push or an upload finds out."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Annotated

import typer
from botocore.exceptions import BotoCoreError, ClientError

from pipeline_lambdas.boundary import listed
from pipeline_lambdas.columns import column_problems
from pipeline_lambdas.config import ConfigError, TrainingConfig, parse_config
from pipeline_lambdas.config_environments import short_waits
from pipeline_lambdas.config_schema import ALARMS_NEED_S
from pipeline_lambdas.config_yaml import SIZE_LIMIT_BYTES
from pipeline_lambdas.dataset import CHANNELS
from pipeline_lambdas.instances import PATTERNS_PARAMETER, instance_problems
from scripts.columns import COLUMNS_FILE, read_columns
from scripts.csv_rules import (
    ANY_NUMBER,
    LINE_LIMIT_BYTES,
    FileCheck,
    LabelRule,
    Problem,
    bounded_lines,
    check_csv,
    is_number,
    quoted,
    too_long,
)
from scripts.errors import SlipwayError, UnsuccessfulError
from scripts.output import Output
from scripts.project import shown
from scripts.session import Session, session_of
from scripts.stacks import find_stack
from scripts.templates import default_of
from scripts.unpushed import tell_push
from scripts.whereabouts import Clone, check_functions, clone_around

LIBSVM = "text/libsvm"


def check(
    context: typer.Context,
    directory: Annotated[Path | None, typer.Argument(help="Folder of the training configs.")] = None,
    data: Annotated[Path | None, typer.Option(help="Dataset folder; default: the sample data of each model.")] = None,
) -> None:
    """Check training configs and data files; in a clone of functions, their sources.

    In a clone of a repository it is checked as it lies there, else the checkout. Every problem is shown, and which
    models a push would release; nothing is changed.
    """
    session = session_of(context)
    clone = None if directory else clone_around(Path.cwd())
    if clone and clone.holds == "functions":
        _check_functions(session, clone)
        return
    folder = clone.folder if clone else directory or session.project.training_config
    session.output.say(f"checking {folder.resolve()}")
    configs, problems = check_configs(folder)
    files: list[FileCheck] = []
    patterns = allowed_instances(session)
    for model, config in configs.items():
        named = ("training", *config.environments)
        problems += [
            f"{shown(folder)}/{model}.yml: {problem}: "
            f"{session.command(f'deploy --parameter {PATTERNS_PARAMETER}=PATTERN,...')}"
            for problem in instance_problems(config, patterns, named)
        ]
        dataset = data or session.project.data(model)
        if data is not None and model != session.names.model:
            continue
        pinned_here = is_here(session, f"{shown(folder)}/{model}.yml", config, dataset, problems)
        if not dataset.is_dir():
            continue
        checked = check_dataset(session, dataset, config)
        files += checked
        if pinned_here:
            problems += check_columns(dataset, f"{shown(folder)}/{model}.yml", config, checked)
    for text in problems:
        session.output.say(text, style="red")
    warnings = [
        f"{shown(folder)}/{model}.yml: {path}: found {wait_s}; an alarm that takes Prod back needs up to "
        f"{ALARMS_NEED_S} s, so a model that fails may stay. Allowed, but give it {ALARMS_NEED_S} or more"
        for model, config in configs.items()
        for path, wait_s in short_waits(config)
    ]
    for text in warnings:
        session.output.warn(text)
    report(session.output, files)
    in_order = not problems and not any(file.problem_count for file in files)
    if in_order:
        session.output.say(f"{len(configs)} configs and {len(files)} data files are in order.", style="green")
    session.output.result(
        {
            "folder": str(folder.resolve()),
            "configs": sorted(configs),
            "problems": [*problems, *(str(problem) for file in files for problem in file.problems)],
            "warnings": warnings,
            "files": [{"file": file.file, "rows": file.rows, "columns": file.columns} for file in files],
            "releases": {} if directory else tell_push(session, clone),
        }
    )
    if not in_order:
        raise UnsuccessfulError


def is_here(session: Session, file: str, config: TrainingConfig, folder: Path, problems: list[str]) -> bool:
    """Whether a release of the config would take the dataset in the folder: the one that it pins, or any.

    Notes a problem if it pins one that is neither here nor uploaded, as far as AWS can be asked.
    """
    from scripts.dataset import folder_id  # noqa: PLC0415 - it needs this module
    from scripts.pinned import is_uploaded  # noqa: PLC0415 - it needs this module

    if config.dataset is None:
        return True
    here = folder_id(folder) if folder.is_dir() else None
    if here == config.dataset:
        return True
    uploaded = is_uploaded(session, config.model, config.dataset)
    found = f"{shown(folder)} is dataset {here}" if here else f"{shown(folder)} is not there"
    if uploaded is False:
        problems.append(
            f"{file}: data.dataset: found {config.dataset}, which is not uploaded, and {found}; allowed is a dataset "
            f"that is uploaded, or is about to be: {session.command('data upload FOLDER')}"
        )
    else:
        known = "is uploaded" if uploaded else "was not looked for, as the data bucket cannot be asked"
        session.output.say(
            f"{file}: pins dataset {config.dataset}, which {known}; {found}, so columns are not compared"
        )
    return False


def _check_functions(session: Session, clone: Clone) -> None:
    session.output.say(f"checking {clone.folder}")
    found, problems = check_functions(clone.folder)
    for text in problems:
        session.output.say(text, style="red")
    if not problems:
        session.output.say(f"{len(found)} functions can be packaged; Build runs linters and tests.", style="green")
    releases = tell_push(session, clone)
    session.output.result({"folder": str(clone.folder), "functions": found, "problems": problems, "releases": releases})
    if problems:
        raise UnsuccessfulError


def allowed_instances(session: Session) -> tuple[str, ...]:
    """The instance types that the pipeline stack allows, as patterns; those of the template where there is no stack."""
    try:
        stack = find_stack(session, session.names.pipeline_stack) or {}
    except (BotoCoreError, ClientError, SlipwayError):
        stack = {}  # a check needs no AWS
    given = {item["ParameterKey"]: item["ParameterValue"] for item in stack.get("Parameters", [])}
    default = default_of(session.project.template("pipeline.yml"), PATTERNS_PARAMETER)
    return listed(given.get(PATTERNS_PARAMETER) or default)


def check_configs(folder: Path) -> tuple[dict[str, TrainingConfig], list[str]]:
    """Parse every config of a folder: the valid ones by model, and the problems of the others, a line each."""
    paths = sorted(folder.glob("*.yml"))
    if not paths:
        raise SlipwayError(
            f"{shown(folder)}: found no *.yml; a training config is a file named after its model.",
            lambda command: f"Name the folder that holds the configs: {command('check DIR')}",
        )
    configs: dict[str, TrainingConfig] = {}
    problems: list[str] = []
    for path in paths:
        file = shown(path)
        try:
            config = read_config(path)
        except ConfigError as error:
            problems += error.problems
        else:
            if config.model != path.stem:
                problems.append(f"{file}: model: found {config.model}; allowed {path.stem}, the name of the file")
            configs[path.stem] = config
    return configs, problems


def read_config(path: Path) -> TrainingConfig:
    """Parse one config; ConfigError for what is wrong with it, or if there is no file that can be read."""
    if path.exists() and not path.is_file():
        raise ConfigError([f"{shown(path)}: found {'a folder' if path.is_dir() else 'no file'}; allowed a file"])
    try:
        with path.open("rb") as file:
            content = file.read(SIZE_LIMIT_BYTES + 1)
    except OSError as error:
        raise ConfigError([f"{shown(path)}: cannot be read: {error.strerror}"]) from None
    return parse_config(content, shown(path))


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
            with path.open("rb") as content:
                lines = _counted(bounded_lines(content.read), advance)
                found = check_lines(lines, shown(path), label, columns, libsvm=libsvm)
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
                lambda command: (
                    "Make it from one CSV file: " + command("data prepare FILE.csv --label NAME --out", shown(folder))
                ),
            )
        paths += found
    return paths


def check_lines(lines: Iterable[bytes], file: str, label: LabelRule, columns: int, *, libsvm: bool) -> FileCheck:
    """Check a file by the rules of its format."""
    return check_libsvm(lines, file, label) if libsvm else check_csv(lines, file, label, columns)


def check_libsvm(lines: Iterable[bytes], file: str, label: LabelRule) -> FileCheck:
    """Check rows of `label index:value ...`.

    The first line must be one, as the container decides by it; blank ones further on are skipped.
    https://github.com/aws/sagemaker-xgboost-container/blob/master/src/sagemaker_xgboost_container/data_utils.py
    """
    result = FileCheck(file)
    for number, line in enumerate(lines, 1):
        if len(line) > LINE_LIMIT_BYTES:
            result.add(too_long(file, number))
            continue
        words = line.split()
        problem = _libsvm_problem(words, file, number, label)
        if problem and (words or number == 1):
            result.add(problem)
        result.rows += bool(words) and problem is None
    if not result.rows and not result.problem_count:
        result.add(Problem(file, 1, 0, "an empty file", "at least one row"))
    return result


def _libsvm_problem(words: list[bytes], file: str, number: int, label: LabelRule) -> Problem | None:
    if not words:
        return Problem(file, number, 0, "an empty line", "a row, label index:value ...")
    texts = [word.decode("utf-8", "replace") for word in words]
    first, *weight = texts[0].split(":")
    if len(weight) > 1 or not all(map(is_number, (first, *weight))) or not label.allows(first):
        return Problem(file, number, 1, quoted(texts[0]), label.allowed)
    for column, text in enumerate(texts[1:], 2):
        index, colon, value = text.partition(":")
        if not (colon and index.isascii() and index.isdecimal() and is_number(value)):
            return Problem(file, number, column, quoted(text), "index:value, an index from 0 and a number")
    return None


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


def _counted(lines: Iterable[bytes], advance: Callable[[int], None]) -> Iterable[bytes]:
    pending = 0
    for line in lines:
        pending += len(line)
        if pending > 1_000_000:
            advance(pending)
            pending = 0
        yield line
