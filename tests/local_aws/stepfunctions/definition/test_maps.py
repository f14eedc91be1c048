"""https://docs.aws.amazon.com/step-functions/latest/dg/state-map-distributed.html ."""

from __future__ import annotations

from typing import Any

import pytest

from tests.local_aws.stepfunctions.definition.machines import PASS, TASK, Raw, found, machine, states, told, told_of

STANDARD = {"Mode": "DISTRIBUTED", "ExecutionType": "STANDARD"}
EXPRESS = {"Mode": "DISTRIBUTED", "ExecutionType": "EXPRESS"}


def a_map(**fields: Any) -> Raw:
    return {"Type": "Map", "ItemProcessor": {"ProcessorConfig": STANDARD, **states(I=PASS)}, "End": True, **fields}


def processor(**config: Any) -> Raw:
    return a_map(ItemProcessor={"ProcessorConfig": config, **states(I=PASS)})


CONFIG = "/ItemProcessor/ProcessorConfig"
CONFIGS: dict[str, tuple[Raw, list[str]]] = {
    "inline": ({"Mode": "INLINE"}, []),
    "empty": ({}, []),
    "standard": (STANDARD, []),
    "express": (EXPRESS, []),
    "distributed without a type": (
        {"Mode": "DISTRIBUTED"},
        [f"These fields are required: [ExecutionType] at {CONFIG}"],
    ),
    "unknown type": (
        {"Mode": "DISTRIBUTED", "ExecutionType": "FAST"},
        [f"Value should be one of the following: [STANDARD, EXPRESS] at {CONFIG}/ExecutionType"],
    ),
    "inline with a type": (
        {"Mode": "INLINE", "ExecutionType": "STANDARD"},
        [f"Field 'ExecutionType' is not supported at {CONFIG}"],
    ),
    "unknown mode": (
        {"Mode": "BOTH"},
        [f"Value should be one of the following: [INLINE, DISTRIBUTED] at {CONFIG}/Mode"],
    ),
}


@pytest.mark.parametrize("case", CONFIGS)
def test_modes(case: str) -> None:
    config, expected = CONFIGS[case]
    assert told_of(processor(**config)) == expected


def test_a_processor_config_is_an_object() -> None:
    state = a_map(ItemProcessor={"ProcessorConfig": "INLINE", **states(I=PASS)})
    assert told_of(state) == [f"Expected value of type [OBJECT] at {CONFIG}"]


DISTRIBUTED = "The field 'Mode' with value 'DISTRIBUTED' is not supported inside 'EXPRESS' state machines"


def test_no_distributed_map_in_express() -> None:
    assert told(machine(S=processor(**STANDARD)), "EXPRESS") == [f"{DISTRIBUTED} at /States/S{CONFIG}/Mode"]
    assert told(machine(S=processor(Mode="INLINE")), "EXPRESS") == []


def test_children_of_a_distributed_map_have_a_type_of_their_own() -> None:
    inner = {"Type": "Task", "Resource": "arn:aws:states:::states:startExecution.sync", "End": True}
    inner["Parameters"] = {"StateMachineArn": "x"}
    within = "/States/S/ItemProcessor/States/T/Resource"
    express = a_map(ItemProcessor={"ProcessorConfig": EXPRESS, **states(T=inner)})
    line = f"Express state machine does not support '.sync' service integration  at {within}"
    assert told(machine(S=express)) == [line]
    assert told(machine(S=a_map(ItemProcessor={"ProcessorConfig": STANDARD, **states(T=inner)}))) == []
    nested = a_map(ItemProcessor={"ProcessorConfig": EXPRESS, **states(N=processor(**STANDARD))})
    assert told(machine(S=nested)) == [f"{DISTRIBUTED} at /States/S/ItemProcessor/States/N{CONFIG}/Mode"]


def reader(name: str = "getObject", config: Any = None, **fields: Any) -> Raw:
    parameters = {"Bucket": "b", "Key.$": "$.key"} if name == "getObject" else {"Bucket": "b"}
    held = {"Resource": f"arn:aws:states:::s3:{name}", "Parameters": parameters, **fields}
    return a_map(ItemReader=held | ({"ReaderConfig": config} if config is not None else {}))


READ = "/ItemReader/ReaderConfig"
CSV = {"InputType": "CSV", "CSVHeaderLocation": "FIRST_ROW"}
READERS: dict[str, tuple[Raw, list[str]]] = {
    "csv": (reader(config=CSV | {"CSVDelimiter": "TAB", "MaxItems": 5}), []),
    "csv with headers": (reader(config=CSV | {"CSVHeaderLocation": "GIVEN", "CSVHeaders": ["a"]}), []),
    "json": (reader(config={"InputType": "JSON", "ItemsPointer": "/a", "MaxItemsPath": "$.n"}), []),
    "json lines": (reader(config={"InputType": "JSONL"}), []),
    "manifest": (reader(config={"InputType": "MANIFEST", "ManifestType": "S3_INVENTORY"}), []),
    "listing": (reader("listObjectsV2"), []),
    "listing to a limit": (reader("listObjectsV2", {"MaxItems": 10}), []),
    "another partition": (reader(Resource="arn:aws-cn:states:::s3:getObject", config=CSV), []),
    "csv without header": (
        reader(config={"InputType": "CSV"}),
        [f"The field 'CSVHeaderLocation' is required at {READ}"],
    ),
    "csv without headers": (
        reader(config={"InputType": "CSV", "CSVHeaderLocation": "GIVEN"}),
        [f"These fields are required: [CSVHeaders] at {READ}"],
    ),
    "json with a header": (
        reader(config={"InputType": "JSON", "CSVHeaderLocation": "FIRST_ROW"}),
        [f"Field 'CSVHeaderLocation' is not supported at {READ}"],
    ),
    "unknown input": (
        reader(config={"InputType": "XML"}),
        [f"Value should be one of the following: [CSV, JSON, JSONL, PARQUET, MANIFEST] at {READ}/InputType"],
    ),
    "headers are no texts": (
        reader(config=CSV | {"CSVHeaders": [1]}),
        [f"Expected value of type [STRING] at {READ}/CSVHeaders[0]"],
    ),
    "two limits": (
        reader(config=CSV | {"MaxItems": 1, "MaxItemsPath": "$.n"}),
        [f"There should only be one of the following fields: [MaxItems, MaxItemsPath] at {READ}"],
    ),
    "another action": (
        reader("putObject"),
        [
            "The field 'Resource' does not match any of the allowed values. Examples: "
            "[arn:<partition>:states:::s3:getObject, arn:<partition>:states:::s3:listObjectsV2] at /ItemReader/Resource"
        ],
    ),
    "no resource": (
        a_map(ItemReader={"Parameters": {}}),
        ["These fields are required: [Resource] at /ItemReader"],
    ),
    "no input": (reader(config={"MaxItems": 1}), [f"These fields are required: [InputType] at {READ}"]),
    "no config": (reader(), ["These fields are required: [ReaderConfig] at /ItemReader"]),
    "no key": (
        reader(config=CSV, Parameters={"Bucket": "b"}),
        ["The field 'Key' is required but was missing at /ItemReader/Parameters"],
    ),
    "no object": (a_map(ItemReader="x"), ["Expected value of type [OBJECT] at /ItemReader"]),
    "of the other language": (
        a_map(ItemReader={"Resource": "arn:aws:states:::s3:listObjectsV2", "Arguments": {"Bucket": "b"}}),
        [
            "The QueryLanguage is set to 'JSONPath', but field 'Arguments' is only supported for the 'JSONata' "
            "QueryLanguage at /ItemReader"
        ],
    ),
}


@pytest.mark.parametrize("case", READERS)
def test_readers(case: str) -> None:
    state, expected = READERS[case]
    assert told_of(state) == expected


def test_a_reader_of_jsonata_has_arguments() -> None:
    held: Raw = {"Resource": "arn:aws:states:::s3:listObjectsV2", "Arguments": "{% $states.input.where %}"}
    assert told_of(a_map(ItemReader=held), QueryLanguage="JSONata") == []
    held = {"Resource": "arn:aws:states:::s3:listObjectsV2", "Arguments": {"Bucket": "{% bucket %}"}}
    (line,) = told_of(a_map(ItemReader=held), QueryLanguage="JSONata")
    assert line.endswith("at /ItemReader/Arguments/Bucket")


PUT = "arn:aws:states:::s3:putObject"
WRITERS: dict[str, tuple[Any, list[str]]] = {
    "form alone": ({"WriterConfig": {"Transformation": "FLATTEN", "OutputType": "JSONL"}}, []),
    "place alone": ({"Resource": PUT, "Parameters": {"Bucket": "b", "Prefix": "p"}}, []),
    "both": ({"Resource": PUT, "Parameters": {"Bucket.$": "$.b"}, "WriterConfig": {"OutputType": "JSON"}}, []),
    "nothing": ({}, ["Value cannot be empty at /ResultWriter"]),
    "no place": ({"Resource": PUT}, ["These fields are required: [Parameters] at /ResultWriter"]),
    "no bucket": (
        {"Resource": PUT, "Parameters": {}},
        ["The field 'Bucket' is required but was missing at /ResultWriter/Parameters"],
    ),
    "no resource": ({"Parameters": {"Bucket": "b"}}, ["These fields are required: [Resource] at /ResultWriter"]),
    "another action": (
        {"Resource": "arn:aws:states:::s3:listObjectsV2", "Parameters": {"Bucket": "b"}},
        [
            "The field 'Resource' does not match any of the allowed values. Examples: "
            "[arn:<partition>:states:::s3:putObject] at /ResultWriter/Resource"
        ],
    ),
    "unknown form": (
        {"WriterConfig": {"OutputType": "CSV"}},
        ["Value should be one of the following: [JSON, JSONL] at /ResultWriter/WriterConfig/OutputType"],
    ),
    "no object": ([], ["Expected value of type [OBJECT] at /ResultWriter"]),
}


@pytest.mark.parametrize("case", WRITERS)
def test_writers(case: str) -> None:
    writer, expected = WRITERS[case]
    assert told_of(a_map(ResultWriter=writer)) == expected


BATCHERS: dict[str, tuple[Any, list[str]]] = {
    "items": ({"MaxItemsPerBatch": 10, "BatchInput": {"a.$": "$.b"}}, []),
    "bytes": ({"MaxInputBytesPerBatch": 262_144}, []),
    "paths": ({"MaxItemsPerBatchPath": "$.n", "MaxInputBytesPerBatchPath": "$.m"}, []),
    "no items": ({"MaxItemsPerBatch": 0}, ["Minimum value is 1 at /ItemBatcher/MaxItemsPerBatch"]),
    "too many bytes": (
        {"MaxInputBytesPerBatch": 262_145},
        ["Maximum value is 262144 at /ItemBatcher/MaxInputBytesPerBatch"],
    ),
    "number and path": (
        {"MaxItemsPerBatch": 1, "MaxItemsPerBatchPath": "$.n"},
        ["There should only be one of the following fields: [MaxItemsPerBatch, MaxItemsPerBatchPath] at /ItemBatcher"],
    ),
    "unknown": ({"MaxItems": 1}, ["Field 'MaxItems' is not supported at /ItemBatcher"]),
    "no object": (3, ["Expected value of type [OBJECT] at /ItemBatcher"]),
}


@pytest.mark.parametrize("case", BATCHERS)
def test_batchers(case: str) -> None:
    batcher, expected = BATCHERS[case]
    assert told_of(a_map(ItemBatcher=batcher)) == expected


LABELS = {
    **dict.fromkeys(["Orders", "orders-2026.v1", "x" * 40], True),
    **dict.fromkeys(["x" * 41, "", "two words", "a*b", "a/b?", "<a>", "a:b", "a$b", "a\u0007"], False),
}


@pytest.mark.parametrize("label", LABELS)
def test_labels(label: str) -> None:
    codes = [one.code for one in found(machine(S=a_map(Label=label)))]
    assert codes == ([] if LABELS[label] else ["INVALID_LABEL_NAME"])


def test_labels_are_unique() -> None:
    second = a_map(Label="L", ItemProcessor={"ProcessorConfig": STANDARD, **states(J=PASS)})
    (only,) = found(machine(A=a_map(Label="L") | {"End": False, "Next": "B"}, B=second))
    assert (only.code, only.location) == ("DUPLICATE_LABEL_NAME", "/States/B/Label")


ITEMS = [([1, 2], None), ({"a": 1}, None), ("{% $states.input %}", None), ("$.a", "JSONata string"), (5, "Expected")]


@pytest.mark.parametrize(("items", "beginning"), ITEMS)
def test_items_of_jsonata(items: Any, beginning: str | None) -> None:
    lines = told_of(a_map(Items=items), QueryLanguage="JSONata")
    assert [line.startswith(beginning or "?") for line in lines] == ([True] if beginning else [])


def test_a_map_of_the_older_form() -> None:
    state = {"Type": "Map", "Iterator": states(T=TASK), "ItemsPath": "$.items", "End": True}
    assert told_of(state | {"Parameters": {"item.$": "$$.Map.Item.Value"}}) == []
