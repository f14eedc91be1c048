"""What only a Map has: its processor's mode, where it reads items, how it batches them, where it writes results.

https://docs.aws.amazon.com/step-functions/latest/dg/state-map-distributed.html
"""

from __future__ import annotations

import re
from typing import Any

from local_aws.stepfunctions.definition import diagnostics as codes
from local_aws.stepfunctions.definition.expressions import CLOSING, OPENING, is_expression
from local_aws.stepfunctions.definition.validation.objects import (
    Check,
    at_most_one,
    each,
    foreign,
    is_array,
    is_object,
    required,
    supported,
)
from local_aws.stepfunctions.definition.validation.place import Place
from local_aws.stepfunctions.definition.validation.templates import payload, payload_object
from local_aws.stepfunctions.definition.validation.values import one_of, reference, text, whole

MAX_LABEL_CHARS = 40
MAX_BATCH_BYTES = 262_144
_LABEL = re.compile(r"[^\s?*<>{}\[\]:;,\\|^~$#%&`\"\x00-\x1f\x7f-\x9f]+")
_MODES, _TYPES = ("INLINE", "DISTRIBUTED"), ("STANDARD", "EXPRESS")
_READERS, _WRITERS = ("s3:getObject", "s3:listObjectsV2"), ("s3:putObject",)
_DESTINATION = {"s3:getObject": ("Bucket", "Key"), "s3:listObjectsV2": ("Bucket",), "s3:putObject": ("Bucket",)}
_INPUTS = ("CSV", "JSON", "JSONL", "PARQUET", "MANIFEST")


def processor_config(place: Place, value: Any) -> None:
    """Mode, and the type of the children's executions where they have executions of their own."""
    if not is_object(place, value):
        return
    distributed = value.get("Mode") == "DISTRIBUTED"
    supported(place, value, {"Mode", "ExecutionType"} if distributed else {"Mode"})
    required(place, value, ["ExecutionType"] if distributed else [])
    each(place, value, {"Mode": one_of(*_MODES), "ExecutionType": one_of(*_TYPES)} if distributed else _INLINE)
    if distributed and place.express:
        place.at("Mode").schema(
            "The field 'Mode' with value 'DISTRIBUTED' is not supported inside 'EXPRESS' state machines"
        )


_INLINE: dict[str, Check] = {"Mode": one_of(*_MODES)}


def items(place: Place, value: Any) -> None:
    """Items of JSONata: an array, an object or an expression."""
    if isinstance(value, str) and not is_expression(value):
        place.schema(f"JSONata string must start with {OPENING} and end with {CLOSING}")
    elif isinstance(value, str | list | dict):
        payload(place, value)
    else:
        is_array(place, value)


def label(place: Place, value: Any) -> None:
    """The prefix of the names of the Map's runs.

    https://docs.aws.amazon.com/step-functions/latest/dg/state-map-distributed.html#map-state-distributed-additional-fields
    """
    if not isinstance(value, str):
        text(place, value)
    elif len(value) > MAX_LABEL_CHARS:
        place.error(codes.INVALID_LABEL, f"Invalid label '{value}': at most {MAX_LABEL_CHARS} characters are allowed")
    elif not _LABEL.fullmatch(value):
        place.error(codes.INVALID_LABEL, f"Invalid label '{value}': the label contains invalid characters")


def item_batcher(place: Place, value: Any) -> None:
    """How many items, or bytes of them, one child gets.

    https://docs.aws.amazon.com/step-functions/latest/dg/input-output-itembatcher.html
    """
    if not is_object(place, value):
        return
    others = foreign(place, value, {"MaxItemsPerBatchPath", "MaxInputBytesPerBatchPath"}, ())
    supported(place, value, _BATCHER)
    for name in ("MaxItemsPerBatch", "MaxInputBytesPerBatch"):
        at_most_one(place, value, [name, f"{name}Path"])
    each(place, value, {name: check for name, check in _BATCHER.items() if name not in others})


def item_reader(place: Place, value: Any) -> None:
    """Which object or listing of S3 holds the items.

    https://docs.aws.amazon.com/step-functions/latest/dg/input-output-itemreader.html
    """
    if not is_object(place, value):
        return
    required(place, value, ["Resource"])
    others = foreign(place, value, {"Parameters"}, {"Arguments"})
    supported(place, value, {"Resource", "ReaderConfig", "Parameters", "Arguments"})
    each(place, value, {"Resource": _resource(_READERS), "ReaderConfig": _reader_config})
    if not others:
        _destination(place, value)
    if str(value.get("Resource")).endswith(":s3:getObject"):
        _input_type(place, value)


def _input_type(place: Place, value: dict[str, Any]) -> None:
    """An object can be read only if its form is known."""
    required(place, value, ["ReaderConfig"])
    if isinstance(value.get("ReaderConfig"), dict):
        required(place.at("ReaderConfig"), value["ReaderConfig"], ["InputType"])


def result_writer(place: Place, value: Any) -> None:
    """Where results are written, and in which form.

    https://docs.aws.amazon.com/step-functions/latest/dg/input-output-resultwriter.html
    """
    if not is_object(place, value):
        return
    others = foreign(place, value, {"Parameters"}, {"Arguments"})
    supported(place, value, {"Resource", "WriterConfig", "Parameters", "Arguments"})
    each(place, value, {"Resource": _resource(_WRITERS), "WriterConfig": _writer_config})
    if not value:
        place.schema("Value cannot be empty")
    elif not others and ("WriterConfig" not in value or len(value) > 1):
        required(place, value, ["Resource"])
        _destination(place, value)


def _resource(allowed: tuple[str, ...]) -> Check:
    pattern = re.compile(rf"arn:[\w-]+:states:::(?:{'|'.join(allowed)})")
    examples = ", ".join(f"arn:<partition>:states:::{name}" for name in allowed)

    def check(place: Place, value: Any) -> None:
        if not isinstance(value, str):
            text(place, value)
        elif not pattern.fullmatch(value):
            place.schema(f"The field 'Resource' does not match any of the allowed values. Examples: [{examples}]")

    return check


def _destination(place: Place, raw: dict[str, Any]) -> None:
    """Parameters, or Arguments in JSONata: bucket and key."""
    name = "Arguments" if place.jsonata else "Parameters"
    if name not in raw:
        required(place, raw, [name])
        return
    here, value = place.at(name), raw[name]
    payload_object(here, value)
    for field in _DESTINATION.get(str(raw.get("Resource")).partition(":::")[2], ()):
        if isinstance(value, dict) and field not in value and f"{field}.$" not in value:
            here.schema(f"The field '{field}' is required but was missing")


def _reader_config(place: Place, value: Any) -> None:
    if not is_object(place, value):
        return
    others = foreign(place, value, {"MaxItemsPath"}, ())
    csv = str(value.get("InputType")) in {"CSV", "MANIFEST"}
    supported(place, value, _READER if csv else {name for name in _READER if not name.startswith("CSV")})
    at_most_one(place, value, ["MaxItems", "MaxItemsPath"])
    each(place, value, {name: check for name, check in _READER.items() if name not in others})
    if value.get("InputType") == "CSV" and "CSVHeaderLocation" not in value:
        place.schema("The field 'CSVHeaderLocation' is required")
    required(place, value, ["CSVHeaders"] if value.get("CSVHeaderLocation") == "GIVEN" else [])


def _writer_config(place: Place, value: Any) -> None:
    if is_object(place, value):
        supported(place, value, _WRITER)
        each(place, value, _WRITER)


def _headers(place: Place, value: Any) -> None:
    for index, name in enumerate(value if is_array(place, value) else []):
        text(place.item(index), name)


_BATCHER: dict[str, Check] = {
    "MaxItemsPerBatch": whole(1),
    "MaxItemsPerBatchPath": reference,
    "MaxInputBytesPerBatch": whole(1, MAX_BATCH_BYTES),
    "MaxInputBytesPerBatchPath": reference,
    "BatchInput": payload,
}
_READER: dict[str, Check] = {
    "InputType": one_of(*_INPUTS),
    "CSVHeaderLocation": one_of("FIRST_ROW", "GIVEN"),
    "CSVHeaders": _headers,
    "CSVDelimiter": one_of("COMMA", "PIPE", "SEMICOLON", "SPACE", "TAB"),
    "MaxItems": whole(0),
    "MaxItemsPath": reference,
    "ManifestType": one_of("ATHENA_DATA", "S3_INVENTORY"),
    "Transformation": one_of("NONE", "LOAD_AND_FLATTEN"),
    "ItemsPointer": text,
}
_WRITER: dict[str, Check] = {
    "Transformation": one_of("NONE", "COMPACT", "FLATTEN"),
    "OutputType": one_of("JSON", "JSONL"),
}
