"""Writes the training config of a table: the same sections as any other, with comments from what was found."""

from __future__ import annotations

import json
import re
import textwrap
from collections.abc import Iterator, Sequence

import yaml

from pipeline_lambdas.config.yaml_text import SIZE_LIMIT_BYTES
from slipway.errors import SlipwayError
from slipway.tables.findings import Bound, Column, Findings
from slipway.tables.script_text import script_lines
from slipway.tables.told import column_comment, share

ALGORITHM, VERSION = "xgboost", "3.2-0"
_PLAIN = re.compile(r"[A-Za-z_][A-Za-z0-9_-]{0,60}")
_COMMENT_AT = 28
_WIDEST = 40
_WIDTH = 110
_SHOWN_CLASSES = 10
_LONGEST_COMMENT = 78
_SMALL_ROWS = 2_000
_LARGE_BYTES = 400_000_000
"""About what an instance of 8 GiB trains on with room to spare."""
_OBJECTIVES = {"regression": "reg:squarederror", "binary": "binary:logistic", "multiclass": "multi:softprob"}
_METRICS = {"regression": "rmse", "binary": "logloss", "multiclass": "mlogloss"}


def config_text(model: str, found: Findings, dataset_bytes: int, *, script: bool = False) -> str:
    """Return the YAML; without comments on the columns where it would be too long with them.

    With `script` a program of one's own trains. Raises SlipwayError if it is too long even then.
    """
    for commented in (True, False):
        made_by = (
            script_lines(found) if script else [*_features(found.columns, commented=commented), *_algorithm(found)]
        )
        lines = [*_head(model, found), *made_by]
        text = "\n".join([*lines, *_training(dataset_bytes), *_environments(), *_tests(found)]) + "\n"
        if len(text.encode()) <= SIZE_LIMIT_BYTES:
            return text
    raise SlipwayError(
        f"{found.source}: found {len(found.columns):,} columns; expected so many that a config of "
        f"{SIZE_LIMIT_BYTES:,} bytes can name them.",
        "Leave out the columns that a model does not need.",
    )


def _head(model: str, found: Findings) -> Iterator[str]:
    task = found.task
    yield f"# How the model {model} is trained, served and judged; made by `slipway new` from {_said(found.source)}."
    yield from _comment(
        "Change a value, commit, push to main: a release starts. `slipway check` says beforehand whether it is valid."
    )
    yield ""
    yield _line(f"model: {scalar(model)}", "the file is named after it")
    yield _line(f"problem: {task.problem}", task.why)
    yield ""
    yield from _split_comment(found)
    yield "label:"
    yield f"  column: {scalar(found.label)}"
    if task.classes:
        comment = "the second is the positive class" if task.problem == "binary" else ""
        yield _line(f"  classes: [{', '.join(_in_quotes(name) for name in task.classes)}]", comment)
        shares = (f"{_said(name)} {share(task.rows_of[name], found.rows)}" for name in task.classes[:_SHOWN_CLASSES])
        yield f"  # rows: {', '.join(shares)}"
    yield ""


def _split_comment(found: Findings) -> Iterator[str]:
    split = found.split
    rows = ", ".join(f"{rows:,} {channel}" for channel, rows in split.rows.items())
    by = f" by {_said(split.column)}" if split.column else ""
    yield f"# {found.rows:,} rows: {rows}; split {split.method}{by}, seed {split.seed}."


def _features(columns: Sequence[Column], *, commented: bool) -> Iterator[str]:
    yield from _comment(
        "Every other column, in the order of the dataset. What is fitted, such as the list of categories, is fitted on "
        "the train rows only, travels inside the model, and runs again at the endpoint: a caller sends the raw row."
    )
    yield "# number | category | text | date | ignore; with options: {type: text, max_terms: 200}"
    yield "features:"
    codes = [f"  {scalar(column.name)}: {column.feature}" for column in columns]
    width = min(max(map(len, codes)), _WIDEST)
    for code, column in zip(codes, columns, strict=True):
        yield _line(code, column_comment(column) if commented else "", width)
    yield ""


def _algorithm(found: Findings) -> Iterator[str]:
    task, small = found.task, found.split.rows["train"] < _SMALL_ROWS
    yield from (
        "algorithm:",
        f"  name: {ALGORITHM}",
        _line(f"  version: {VERSION}", "a version of SageMaker's image"),
        "",
    )
    yield "hyperparameters:"
    yield f"  objective: {_OBJECTIVES[task.problem]}"
    if task.problem == "multiclass":
        yield _line(f"  num_class: {len(task.classes)}", "the number of classes above")
    yield _line("  num_round: 300", "boosting rounds at most; early stopping may end sooner")
    yield _line("  eta: 0.1", "smaller learns slower and needs more rounds")
    few = (
        f"few rows ({found.split.rows['train']:,}), so shallow trees"
        if small
        else "deeper trees fit more, and more noise"
    )
    yield _line(f"  max_depth: {4 if small else 6}", few)
    yield "  min_child_weight: 3"
    yield _line("  subsample: 0.8", "share of the rows that each round sees")
    yield _line("  colsample_bytree: 0.8", "share of the columns that each tree sees")
    yield _line(f"  eval_metric: {_METRICS[task.problem]}", "computed on the validation channel after each round ...")
    yield _line("  early_stopping_rounds: 10", "... and training ends after this many without improvement")
    yield _line("  seed: 42", "the same data and values give the same model")
    yield ""


def _training(dataset_bytes: int) -> Iterator[str]:
    large = dataset_bytes > _LARGE_BYTES
    yield "training:"
    yield _line(f"  instance_type: ml.m5.{'4xlarge' if large else 'large'}", f"the dataset has {_size(dataset_bytes)}")
    yield "  instance_count: 1"
    yield _line(f"  volume_gib: {max(10, 4 * dataset_bytes // 1_000_000_000)}", "")
    yield _line("  max_runtime_s: 3600", "then SageMaker stops the job, and the release fails")
    yield ""
    yield from ("channels:", "  train: {content_type: text/csv}", "  validation: {content_type: text/csv}", "")


def _environments() -> Iterator[str]:
    yield from _comment(
        "Dev and Test are serverless: they cost nothing while nobody asks them. Prod is one instance, which an update "
        "never interrupts; who depends on it takes 2."
    )
    yield "environments:"
    yield "  dev: {serverless: {memory_mib: 2048, max_concurrency: 2}}"
    yield "  test: {serverless: {memory_mib: 2048, max_concurrency: 2}}"
    yield "  prod:"
    yield "    instance_type: ml.m5.large"
    yield "    instance_count: 1"
    yield "    deployment:"
    yield "      type: all-at-once"
    yield _line("      termination_wait_s: 600", "seconds in which an alarm brings the old model back")
    yield ""
    yield from ("keep: {models: 3}", "")


def _tests(found: Findings) -> Iterator[str]:
    baseline = found.baseline
    yield "tests:"
    yield "  # On dev, and again on prod: does the endpoint answer sensibly at all?"
    yield "  smoke:"
    yield "    channel: validation"
    yield "    max_rows: 100"
    yield "    gates:"
    yield _gate(baseline.smoke)
    yield from _comment(
        "On test, whose rows take no part in training. The bounds follow from a baseline that knows no feature, "
        f"learned from the train rows and judged on the validation rows: {baseline.told}. So a model that has "
        "learned nothing fails. Tighten them to what the model is needed for.",
        "  ",
    )
    yield "  full:"
    yield "    channel: test"
    yield "    gates:"
    for bound in baseline.gates:
        yield _gate(bound)
    yield _line("      latency_p95_ms: {max: 1000}", "of 200 requests with one row each")
    yield from _comment(
        "Against the model that prod serves, on the same rows: fails if it is worse by more, and that is no chance.",
        "    ",
    )
    yield "    champion:"
    yield "      gates:"
    yield f"        {baseline.gates[0].metric}: {{max_worse_percent: 5}}"


def _gate(bound: Bound) -> str:
    return _line(f"      {bound.metric}: {{{bound.side}: {bound.value:g}}}", bound.why)


def scalar(text: str) -> str:
    """Return a text as YAML reads it again: as it is where that is plain, else in quotes."""
    if _PLAIN.fullmatch(text) and yaml.safe_load(text) == text:
        return text
    return _in_quotes(text)


def _in_quotes(text: str) -> str:
    """Return a text in quotes; what YAML refuses as it is, such as U+0092, is escaped."""
    quotes = json.dumps(text, ensure_ascii=False)
    return "".join(letter if letter.isprintable() else f"\\U{ord(letter):08x}" for letter in quotes)


def _line(code: str, comment: str, width: int = _COMMENT_AT) -> str:
    if not comment:
        return code
    return f"{code:<{width}}  # {_said(comment)}"


def _comment(text: str, indent: str = "") -> list[str]:
    start = f"{indent}# "
    words = _printable(text)
    return textwrap.wrap(words, _WIDTH, initial_indent=start, subsequent_indent=start, break_on_hyphens=False)


def _said(text: str) -> str:
    """Return a text of the table as part of a comment: in one line, without what YAML refuses, and not too long."""
    shown = _printable(text)
    return shown if len(shown) <= _LONGEST_COMMENT else shown[: _LONGEST_COMMENT - 3] + "..."


def _printable(text: str) -> str:
    return "".join(letter if letter.isprintable() else " " for letter in " ".join(text.split()))


def _size(size: int) -> str:
    return f"{size / 1_000_000:,.1f} MB" if size >= 100_000 else f"{size / 1_000:,.1f} kB"
