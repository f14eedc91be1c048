"""Verb `new`: a model from a table: what the table holds, its dataset, its training config, its pipeline."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Annotated, Any

import typer

from pipeline_lambdas.config.model import Problem
from pipeline_lambdas.release.dataset import CHANNELS
from pipeline_lambdas.release.names import short_id
from slipway.datasets.dataset import folder_id
from slipway.errors import SlipwayError
from slipway.names import Names
from slipway.project import shown
from slipway.session import Session, session_of
from slipway.stacks.changes import Consent
from slipway.tables.config_text import config_text
from slipway.tables.findings import Findings, SplitMethod
from slipway.tables.reading import Layout, opened
from slipway.tables.script_text import starter_names, write_program
from slipway.tables.study import Wanted, study
from slipway.tables.tasks import Asked
from slipway.tables.told import document, grid, lines, warnings
from slipway.tables.writing import write_dataset, write_example
from slipway.target import LOCAL_SUFFIX
from slipway.verbs.data import parse_delimiter, parse_split
from slipway.verbs.release import begin_release

_ANY_SIZE = 10**15
"""Bytes of a dataset that is not written yet: more than any."""


def new(  # noqa: PLR0913, PLR0917 - a verb's options are its parameters
    context: typer.Context,
    model: Annotated[str, typer.Argument(help="Name of the new model, such as churn.")],
    data: Annotated[Path, typer.Option(help="The table: CSV, TSV or Parquet; CSV also in gzip. With a header.")],
    label: Annotated[str, typer.Option(help="Name of the column to predict.")],
    problem: Annotated[Problem | None, typer.Option(help="Default: what the label's values say.")] = None,
    positive: Annotated[str | None, typer.Option(help="Of two classes the one to look for, such as yes.")] = None,
    split: Annotated[SplitMethod | None, typer.Option(help="Default: stratified with classes, else random.")] = None,
    time: Annotated[str, typer.Option(metavar="COLUMN", help="Split by time: the newest rows are tested on.")] = "",
    group: Annotated[str, typer.Option(metavar="COLUMN", help="Split by group: none is in two channels.")] = "",
    seed: Annotated[int, typer.Option(help="The same seed gives the same split.")] = 1,
    shares: Annotated[str, typer.Option(help="Per cent for train, validation and test.")] = "70,15,15",
    delimiter: Annotated[str, typer.Option(help="Separator of the columns.")] = "auto",
    encoding: Annotated[str | None, typer.Option(help="Of CSV, such as cp1252; default: UTF-8.")] = None,
    script: Annotated[
        bool, typer.Option("--script", help="Train with a program of your own; a working one is written to begin with.")
    ] = False,
    skip_bad_rows: Annotated[bool, typer.Option("--skip-bad-rows", help="Leave bad rows out and continue.")] = False,
    overwrite: Annotated[
        bool, typer.Option("--overwrite", help="Replace the config and the dataset of this name.")
    ] = False,
    upload: Annotated[
        bool, typer.Option("--upload/--no-upload", help="Upload, create the pipeline, publish: start a release.")
    ] = True,
) -> None:
    """Make a model from a table: look at it, split it, write its dataset and training config, start its release.

    What is found is shown: types, gaps, classes, duplicates, ids, and columns that give the label away. Rows that are
    equal never come into two channels, whatever the split.
    """
    session = _of_model(context, model)
    layout = Layout(label, parse_delimiter(delimiter, known_only=False), encoding, skip_bad_rows)
    wanted = Wanted(split, time, group, seed, parse_split(shares, "--shares"))
    _require_room(session, overwrite=overwrite, script=script)
    found, example = _make(session, data, layout, Asked(problem, positive), wanted, script=script)
    folder, config = session.project.data(model), _config_path(session)
    result = _document(session, found, folder, config)
    session.output.result(result)
    session.output.say(f"wrote {shown(config)}: read it, it says why each value is there")
    if script:
        place = shown(_program_folder(session))
        session.output.say(f"wrote {place}/train.py, inference.py, rows.py and columns.py: yours to change")
    if upload:
        session.announce()
        run_id = begin_release(session, f"Add the model {model}", Consent())
        session.output.result({**result, "id": run_id})
        session.output.say(f"Watch the release: {session.command('follow', short_id(run_id))}")
    else:
        session.output.say(f"Check it: {session.command('check')}")
        session.output.say(f"Release it: {session.command('release')}")
    session.output.say(f"Then ask for the prediction of a row: {session.command('predict', shown(example))}")


def _of_model(context: typer.Context, model: str) -> Session:
    """Return the session of this run for the new model, and make it the one that errors speak of."""
    session = session_of(context)
    Names(LOCAL_SUFFIX, model, "", "")  # refuses a name before anything is read
    session = Session(replace(session.options, model=model), session.output)
    context.find_root().obj = session
    return session


def _config_path(session: Session) -> Path:
    return session.project.training_config / f"{session.options.model}.yml"


def _program_folder(session: Session) -> Path:
    return session.project.training_config / str(session.options.model)


def _require_room(session: Session, *, overwrite: bool, script: bool) -> None:
    folder = session.project.data(session.options.model)
    there = [path for path in (_config_path(session), *(folder / name for name in CHANNELS)) if path.exists()]
    program = [path for path in (_program_folder(session) / name for name in starter_names()) if path.exists()]
    if script and program:
        raise SlipwayError(
            f"{shown(program[0])}: found it; expected no program of this name, as it is yours and not replaced.",
            "Move it elsewhere, or choose another name for the model.",
        )
    if there and not overwrite:
        raise SlipwayError(
            f"{shown(there[0])}: found it, so there is a model {session.options.model} already.",
            "Choose another name, or replace it: --overwrite",
        )
    own = {folder / name / f"{name}.csv" for name in CHANNELS}
    others = [path for name in CHANNELS for path in (folder / name).rglob("*") if path.is_file() and path not in own]
    if others:
        raise SlipwayError(
            f"{shown(others[0])}: found a file that would become a part of the new dataset.", "Move it elsewhere."
        )


def _make(
    session: Session, data: Path, layout: Layout, asked: Asked, wanted: Wanted, *, script: bool
) -> tuple[Findings, Path]:
    """Read the table, tell what it holds, write the dataset and the config; returns the findings and the example.

    With `script`, a program to begin with as well.
    """
    model, output = session.options.model, session.output
    folder = session.project.data(model)
    with output.step(f"table {shown(data)}") as step:
        step.update("reading")
        with opened(data, layout) as table:
            found = study(table, asked, wanted, step.update)
            # Too many columns are refused before anything is written.
            config_text(model, found, _ANY_SIZE)
            step.update("writing the dataset")
            write_dataset(table, folder, model)
            example = write_example(table, folder)
        size = sum((folder / name / f"{name}.csv").stat().st_size for name in CHANNELS)
        config = config_text(model, found, size, script=script)
        step.outcome = f"{found.rows:,} rows, {len(found.columns) + 1} columns"
    output.say(grid(found.columns, output.console.width))
    for line in lines(found):
        output.say(line)
    for text in warnings(found):
        output.warn(text)
    _config_path(session).write_text(config, encoding="utf-8", newline="\n")
    if script:
        write_program(_program_folder(session), found)
    return found, example


def _document(session: Session, found: Findings, folder: Path, config: Path) -> dict[str, Any]:
    return {
        "model": session.options.model,
        "config": str(config),
        "folder": str(folder),
        "dataset": folder_id(folder),
        **document(found),
    }
