"""From a checked definition to the model; nothing is checked here."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from local_aws.stepfunctions.definition.model import (
    ABSENT,
    Catcher,
    Choice,
    Fail,
    ItemProcessor,
    ItemReader,
    Map,
    Parallel,
    Pass,
    QueryLanguage,
    ResultWriter,
    Retrier,
    Rule,
    State,
    StateMachine,
    States,
    Succeed,
    Task,
    Wait,
)
from local_aws.stepfunctions.definition.validation.states import language_of

Raw = Mapping[str, Any]
_RULE_FIELDS = {"Next", "Condition", "Output", "Assign", "Comment"}
_SNAKE = {
    "InputPath": "input_path",
    "OutputPath": "output_path",
    "Output": "output",
    "Assign": "assign",
    "Parameters": "parameters",
    "Arguments": "arguments",
    "Result": "result",
    "ResultSelector": "result_selector",
    "ResultPath": "result_path",
    "Credentials": "credentials",
    "Error": "error",
    "Cause": "cause",
    "Items": "items",
    "Seconds": "seconds",
    "Timestamp": "timestamp",
    "TimeoutSeconds": "timeout_seconds",
    "HeartbeatSeconds": "heartbeat_seconds",
    "MaxConcurrency": "max_concurrency",
    "ToleratedFailureCount": "tolerated_failure_count",
    "ToleratedFailurePercentage": "tolerated_failure_percentage",
}
_PATHS = ("Error", "Cause", "Items", "Seconds", "Timestamp", "TimeoutSeconds", "HeartbeatSeconds", "MaxConcurrency")
_TOLERATED = ("ToleratedFailureCount", "ToleratedFailurePercentage")
_SNAKE |= {f"{name}Path": f"{_SNAKE[name]}_path" for name in (*_PATHS, *_TOLERATED)}
"""The fields that the model holds as they are declared."""


def machine(raw: Raw) -> StateMachine:
    """The whole machine."""
    language = language_of(raw, QueryLanguage.JSONPATH)
    return StateMachine(
        states=_states(raw, language),
        query_language=language,
        timeout_s=raw.get("TimeoutSeconds"),
        comment=raw.get("Comment", ""),
        version=raw.get("Version", "1.0"),
    )


def state(name: str, raw: Raw, machine_language: QueryLanguage) -> State:
    """One state; the states within have the machine's language unless they say otherwise."""
    language = language_of(raw, machine_language)
    fields: dict[str, Any] = {snake: raw[declared] for declared, snake in _SNAKE.items() if declared in raw}
    fields |= {"name": name, "query_language": language, "next": raw.get("Next")}
    return _TYPES[raw["Type"]](fields, raw, machine_language)


def _states(raw: Raw, language: QueryLanguage) -> States:
    return States(raw["StartAt"], {name: state(name, held, language) for name, held in raw["States"].items()})


def _task(fields: dict[str, Any], raw: Raw, _: QueryLanguage) -> State:
    return Task(**fields, **_handlers(raw), resource=raw["Resource"])


def _choice(fields: dict[str, Any], raw: Raw, _: QueryLanguage) -> State:
    return Choice(**fields, choices=tuple(map(_rule, raw["Choices"])), default=raw.get("Default"))


def _parallel(fields: dict[str, Any], raw: Raw, language: QueryLanguage) -> State:
    branches = tuple(_states(branch, language) for branch in raw["Branches"])
    return Parallel(**fields, **_handlers(raw), branches=branches)


def _map(fields: dict[str, Any], raw: Raw, language: QueryLanguage) -> State:
    selector = raw.get("ItemSelector", fields.pop("parameters", ABSENT))
    processor = raw["ItemProcessor"] if "ItemProcessor" in raw else raw["Iterator"]
    return Map(
        **fields,
        **_handlers(raw),
        processor=_processor(processor, language),
        item_selector=selector,
        label=raw.get("Label"),
        item_reader=_reader(raw["ItemReader"]) if "ItemReader" in raw else None,
        item_batcher=raw.get("ItemBatcher"),
        result_writer=_writer(raw["ResultWriter"]) if "ResultWriter" in raw else None,
    )


def _processor(raw: Raw, language: QueryLanguage) -> ItemProcessor:
    config = raw.get("ProcessorConfig", {})
    distributed = config.get("Mode") == "DISTRIBUTED"
    return ItemProcessor(_states(raw, language), distributed, config.get("ExecutionType", "STANDARD"))


def _reader(raw: Raw) -> ItemReader:
    return ItemReader(raw["Resource"], _parameters(raw), raw.get("ReaderConfig", {}))


def _writer(raw: Raw) -> ResultWriter:
    return ResultWriter(raw.get("Resource"), _parameters(raw), raw.get("WriterConfig", {}))


def _parameters(raw: Raw) -> Any:
    return raw.get("Arguments", raw.get("Parameters", ABSENT))


def _rule(raw: Raw) -> Rule:
    comparison = {name: value for name, value in raw.items() if name not in _RULE_FIELDS}
    return Rule(
        next=raw["Next"],
        comparison=comparison or None,
        condition=raw.get("Condition", ABSENT),
        output=raw.get("Output", ABSENT),
        assign=raw.get("Assign", ABSENT),
    )


def _handlers(raw: Raw) -> dict[str, Any]:
    return {"retry": tuple(map(_retrier, raw.get("Retry", ()))), "catch": tuple(map(_catcher, raw.get("Catch", ())))}


def _retrier(raw: Raw) -> Retrier:
    return Retrier(
        error_equals=tuple(raw["ErrorEquals"]),
        interval_s=raw.get("IntervalSeconds", 1),
        max_attempts=raw.get("MaxAttempts", 3),
        backoff_rate=float(raw.get("BackoffRate", 2.0)),
        max_delay_s=raw.get("MaxDelaySeconds"),
        full_jitter=raw.get("JitterStrategy") == "FULL",
    )


def _catcher(raw: Raw) -> Catcher:
    return Catcher(
        error_equals=tuple(raw["ErrorEquals"]),
        next=raw["Next"],
        result_path=raw.get("ResultPath", ABSENT),
        output=raw.get("Output", ABSENT),
        assign=raw.get("Assign", ABSENT),
    )


_TYPES: Mapping[str, Callable[[dict[str, Any], Raw, QueryLanguage], State]] = {
    "Pass": lambda fields, _raw, _language: Pass(**fields),
    "Wait": lambda fields, _raw, _language: Wait(**fields),
    "Succeed": lambda fields, _raw, _language: Succeed(**fields),
    "Fail": lambda fields, _raw, _language: Fail(**fields),
    "Task": _task,
    "Choice": _choice,
    "Parallel": _parallel,
    "Map": _map,
}
