"""Reads the columns of a table: `label` and `features` of a training config."""

from __future__ import annotations

from typing import Any

from pipeline_lambdas.algorithms.algorithm import Algorithm
from pipeline_lambdas.algorithms.table import ALGORITHMS
from pipeline_lambdas.config import schema
from pipeline_lambdas.config.model import Feature, Label, TrainingConfig
from pipeline_lambdas.config.reader import Reader
from pipeline_lambdas.config.rules import describe, finding

SCHEMA = "slipway-features/1"
CSV = "text/csv"
_TYPES = schema.FEATURE["type"].allowed
_DEFAULTS = {"max_categories": schema.MAX_CATEGORIES, "max_terms": schema.MAX_TERMS}


def read_label(reader: Reader, top: dict[str, Any], problem: str | None) -> Label | None:
    """Return the label; None without `features`, `script` and `container`, or after a problem was noted."""
    needing = next((name for name in ("features", "script", "container") if name in top), None)
    if needing is None:
        if "label" in top:
            reader.problem("label", "found without features, script and container; allowed with one of them")
        return None
    if "label" not in top:
        reader.problem("label", f"missing; expected a mapping with column, classes, which {needing} needs")
        return None
    classes = top["label"].get("classes") if isinstance(top["label"], dict) else None
    bare = next((one for one in classes if isinstance(one, bool)), None) if isinstance(classes, list) else None
    if bare is not None:
        reader.problem(
            "label.classes",
            f"found {describe(bare)}, which YAML makes of a bare yes, no, true or false; expected the class in quotes, "
            "as it stands in the data",
        )
        return None
    values = reader.section(top["label"], "label", schema.LABEL)
    if "column" not in values or ("classes" in top["label"] and "classes" not in values):
        return None
    label = Label(**values)
    if problem:
        _check_classes(reader, label.classes, problem)
    return label


def _check_classes(reader: Reader, classes: tuple[str, ...], problem: str) -> None:
    path = "label.classes"
    if problem == "regression" and classes:
        reader.problem(path, "found with problem regression, whose label is a number; allowed with binary, multiclass")
    elif problem == "binary" and len(classes) != 2:
        reader.problem(path, f"{_counted(classes)}; expected the 2 values of the label, the positive one last")
    elif problem == "multiclass" and len(classes) < 2:
        reader.problem(path, f"{_counted(classes)}; expected the label's values, as they stand in the data")


def _counted(classes: tuple[str, ...]) -> str:
    return f"found {len(classes)}" if classes else "missing"


def read_features(reader: Reader, found: object, label: Label | None) -> tuple[Feature, ...]:
    """Return the features in their order; some may be missing after a problem was noted."""
    if not isinstance(found, dict) or not found:
        given = "found no column" if found == {} else finding(found)
        reader.problem("features", f"{given}; expected a mapping of every other column to its type: {_TYPES}")
        return ()
    features = []
    for name, item in found.items():
        if not isinstance(name, str):
            reader.problem("features", f"found the column {describe(name)}, no text in YAML; expected it in quotes")
        elif label and name == label.column:
            reader.problem(f"features.{name}", "found the label's column; expected the other columns alone")
        elif feature := _feature(reader, name, item):
            features.append(feature)
    if features and all(feature.type == "ignore" for feature in features):
        reader.problem("features", "found no column that is not ignored; expected one at least")
    return tuple(features)


def _feature(reader: Reader, name: str, item: object) -> Feature | None:
    path = f"features.{name}"
    if not isinstance(item, str | dict):
        reader.problem(path, f"{finding(item)}; expected {_TYPES}, or a mapping with {', '.join(schema.FEATURE)}")
        return None
    values = reader.section({"type": item} if isinstance(item, str) else item, path, schema.FEATURE)
    kind = values.get("type")
    for option, of in schema.OPTIONS_OF.items():
        if kind and option in values and kind != of:
            reader.problem(f"{path}.{option}", f"found with type {kind}; allowed with type {of}")
        if kind == of:
            values.setdefault(option, _DEFAULTS[option])
    return Feature(name, **values) if kind else None


def check_table(
    reader: Reader, algorithm: Algorithm, version: str | None, channels: dict[str, str | None], instances: int
) -> None:
    """Note what keeps an algorithm from training on a table."""
    tabular = algorithm.tabular
    if tabular is None:
        able = ", ".join(entry.name for entry in ALGORITHMS.values() if entry.tabular)
        reader.problem("features", f"found with {algorithm.name}; allowed with {able}")
        return
    if version in algorithm.image.versions and version not in tabular.versions:
        reader.problem(
            "algorithm.version", f"found {version} with features; allowed with features: {', '.join(tabular.versions)}"
        )
    for name, kind in channels.items():
        if kind is not None and kind != CSV:
            reader.problem(f"channels.{name}.content_type", f"found {kind} with features; expected {CSV}")
    if instances > 1:
        reader.problem("training.instance_count", f"found {instances} with features; expected 1")


def features_document(config: TrainingConfig) -> dict[str, Any]:
    """Return what the training program reads of a config: features.json, schema slipway-features/1."""
    if config.label is None:
        raise ValueError(f"{config.model} has no table")
    return {
        "schema": SCHEMA,
        "problem": config.problem,
        "label": config.label.column,
        "classes": list(config.label.classes),
        "columns": [_column(feature) for feature in config.features],
    }


def _column(feature: Feature) -> dict[str, Any]:
    options = {option: getattr(feature, option) for option, of in schema.OPTIONS_OF.items() if feature.type == of}
    return {"name": feature.name, "type": feature.type, **options}
