"""Writes the reference page of the training config from the schema that the parser uses."""

from __future__ import annotations

from collections.abc import Mapping

from pipeline_lambdas.algorithms.algorithm import Algorithm
from pipeline_lambdas.algorithms.table import ALGORITHMS
from pipeline_lambdas.config import schema
from pipeline_lambdas.config.rules import Rule


def reference_markdown() -> str:
    """Return the sections of the page as Markdown, beginning with headings of the second level."""
    parts = [_section(section) for section in schema.SECTIONS]
    parts.append(_metrics())
    parts += [_algorithm(algorithm) for algorithm in ALGORITHMS.values()]
    return "\n\n".join(parts) + "\n"


def _section(section: schema.Section) -> str:
    title = f"`{section.path}`" if section.path else "Top level"
    prefix = f"{section.path}." if section.path else ""
    return f"## {title}\n\n{section.sentence}\n\n{_table(section.rules, prefix)}"


def _metrics() -> str:
    rows = [f"| {problem} | {', '.join(names)} |" for problem, names in schema.METRICS.items()]
    table = "\n".join(["| problem | metrics |", "|---|---|", *rows])
    everywhere = ", ".join([*schema.LATENCIES, schema.FAILED_SHARE])
    return f"## Metrics of gates\n\n{table}\n\nFor every problem also: {everywhere}, and the functions under `metrics`."


def _algorithm(algorithm: Algorithm) -> str:
    target = algorithm.target
    versions = f"Versions: {', '.join(algorithm.image.versions)}. Content types: {', '.join(algorithm.content_types)}."
    if not algorithm.image.versions:
        return (
            f"## `hyperparameters` of {algorithm.name}\n\n{algorithm.title}, as AWS documents it: "
            f"{algorithm.reference}\n\nContent types: {', '.join(algorithm.content_types)}. It takes what it likes."
        )
    if target is None:
        return (
            f"## `hyperparameters` of {algorithm.name}\n\n{algorithm.title}, as AWS documents it: "
            f"{algorithm.reference}\n\n{versions} It runs a `script`, which takes what it likes."
        )
    fitting = "\n".join(f"| {problem} | {', '.join(names)} |" for problem, names in target.fitting.items())
    return (
        f"## `hyperparameters` of {algorithm.name}\n\n"
        f"{algorithm.title}, as AWS documents it: {algorithm.reference}\n\n"
        f"{versions}\n\n"
        f"| problem | `{target.hyperparameter}` |\n|---|---|\n{fitting}\n\n{_table(algorithm.hyperparameters)}"
        f"{_tunable(algorithm)}"
    )


def _tunable(algorithm: Algorithm) -> str:
    tunable = algorithm.tunable
    if tunable is None:
        return ""
    types = ", ".join(f"`{name}` ({kind})" for name, kind in tunable.types.items())
    return f"\n\n`tuning` may search, as AWS documents it ({tunable.reference}), {types}; each also as categorical."


def _table(rules: Mapping[str, Rule], prefix: str = "") -> str:
    rows = [
        f"| `{prefix}{name}` | {_cell(rule.allowed)} | {'required' if rule.required else _cell(rule.default)} "
        f"| {_cell(rule.meaning)} |"
        for name, rule in rules.items()
    ]
    return "\n".join(["| key | allowed | default | meaning |", "|---|---|---|---|", *rows])


def _cell(text: str) -> str:
    return text.replace("|", "\\|") or "-"
