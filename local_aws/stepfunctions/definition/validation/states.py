"""One state: which fields its type has in which query language, and what they may hold.

https://docs.aws.amazon.com/step-functions/latest/dg/statemachine-structure.html
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from local_aws.stepfunctions.definition import diagnostics as codes
from local_aws.stepfunctions.definition.model import QueryLanguage
from local_aws.stepfunctions.definition.validation import maps, tasks, values
from local_aws.stepfunctions.definition.validation.choice import rules
from local_aws.stepfunctions.definition.validation.handlers import catchers, retriers
from local_aws.stepfunctions.definition.validation.objects import (
    Check,
    at_most_one,
    exactly_one,
    foreign,
    is_filled_array,
    is_object,
    required,
    supported,
)
from local_aws.stepfunctions.definition.validation.place import Place
from local_aws.stepfunctions.definition.validation.templates import (
    assignments,
    looks_dynamic,
    payload,
    payload_object,
)

_COMMON = "Type Comment QueryLanguage"
_IN_OUT = "InputPath OutputPath Output"
_GOES_ON = "Next End"
_WORKS = f"{_IN_OUT} Parameters ResultSelector ResultPath Retry Catch Assign {_GOES_ON}"
FIELDS: Final[Mapping[str, frozenset[str]]] = {
    name: frozenset(f"{_COMMON} {fields}".split())
    for name, fields in {
        "Pass": f"{_IN_OUT} Parameters Result ResultPath Assign {_GOES_ON}",
        "Task": f"{_WORKS} Arguments Resource Credentials TimeoutSeconds TimeoutSecondsPath HeartbeatSeconds "
        "HeartbeatSecondsPath",
        "Choice": f"{_IN_OUT} Assign Choices Default",
        "Wait": f"{_IN_OUT} Assign Seconds SecondsPath Timestamp TimestampPath {_GOES_ON}",
        "Succeed": _IN_OUT,
        "Fail": "Error ErrorPath Cause CausePath",
        "Parallel": f"{_WORKS} Arguments Branches",
        "Map": f"{_WORKS} ItemProcessor Iterator Items ItemsPath ItemSelector ItemReader ItemBatcher ResultWriter "
        "MaxConcurrency MaxConcurrencyPath ToleratedFailureCount ToleratedFailureCountPath "
        "ToleratedFailurePercentage ToleratedFailurePercentagePath Label",
    }.items()
}
"""The fields of each type in either query language, as ValidateStateMachineDefinition accepts them."""
JSONATA_ONLY: Final = ("Arguments", "Output", "Items")
JSONPATH_ONLY: Final = (
    *("InputPath", "OutputPath", "ResultPath", "ResultSelector", "Parameters", "Result", "ItemsPath"),
    *("TimeoutSecondsPath", "HeartbeatSecondsPath", "SecondsPath", "TimestampPath", "MaxConcurrencyPath"),
    *("ToleratedFailureCountPath", "ToleratedFailurePercentagePath", "ErrorPath", "CausePath"),
)
_REQUIRED = {"Task": ["Resource"], "Choice": ["Choices"], "Parallel": ["Branches"]}
_ONE_OF: Mapping[str, tuple[tuple[str, ...], ...]] = {
    **dict.fromkeys(("Pass", "Task", "Parallel"), (("Next", "End"),)),
    "Wait": (("Next", "End"), ("SecondsPath", "Seconds", "TimestampPath", "Timestamp")),
    "Map": (("Next", "End"), ("ItemProcessor", "Iterator")),
}
_PAIRS = (
    *((name, f"{name}Path") for name in ("TimeoutSeconds", "HeartbeatSeconds", "Error", "Cause", "MaxConcurrency")),
    *((name, f"{name}Path") for name in ("ToleratedFailureCount", "ToleratedFailurePercentage")),
    ("ItemSelector", "Parameters"),
)
_TYPE = values.one_of(*FIELDS)
_WITH_RESULT = {"Task", "Parallel", "Map"}
_DOWNGRADED = "'QueryLanguage' can not be 'JSONPath' if set to 'JSONata' for whole state machine"


def language_of(raw: Mapping[str, Any], inherited: QueryLanguage) -> QueryLanguage:
    """The language that holds: JSONPath by its exact name alone, anything else that is there is JSONata, as on AWS."""
    if "QueryLanguage" not in raw:
        return inherited
    return QueryLanguage.JSONPATH if raw["QueryLanguage"] == QueryLanguage.JSONPATH else QueryLanguage.JSONATA


def state(place: Place, raw: Any) -> None:
    """Check one state; `place` has the query language of the machine."""
    if not is_object(place, raw):
        return
    required(place, raw, ["Type"])
    here, other = _languages(place, raw)
    _type(place.at("Type"), raw)
    kind = raw.get("Type")
    if isinstance(kind, str) and kind in FIELDS:
        _fields(here, raw, kind, other)


def _languages(place: Place, raw: Mapping[str, Any]) -> tuple[Place, set[str]]:
    """The place with the state's own language, and the fields that are not of it."""
    here = place.speaking(language_of(raw, place.language))
    if place.jsonata and not here.jsonata:
        place.schema(_DOWNGRADED)
        return here, set(JSONATA_ONLY) & raw.keys()
    known = FIELDS.get(str(raw.get("Type")), frozenset())
    mine = {name: value for name, value in raw.items() if name in known}
    return here, foreign(here, mine, JSONPATH_ONLY, JSONATA_ONLY)


def _type(place: Place, raw: Mapping[str, Any]) -> None:
    if "Type" in raw:
        _TYPE(place, raw["Type"])


def _fields(place: Place, raw: dict[str, Any], kind: str, other: set[str]) -> None:
    supported(place, raw, FIELDS[kind])
    required(place, raw, _REQUIRED.get(kind, []))
    _together(place, raw, kind)
    mine = FIELDS[kind] - other
    for name, value in raw.items():
        if name in mine and name in CHECKS:
            CHECKS[name](_reading(place, kind, name).at(name), value)
    if kind == "Task":
        tasks.task(place, raw)


def _together(place: Place, raw: Mapping[str, Any], kind: str) -> None:
    present = {name: value for name, value in raw.items() if (name, value) != ("End", False)}
    for group in _ONE_OF.get(kind, ()):
        exactly_one(place, present, group)
    for pair in _PAIRS:
        if FIELDS[kind].issuperset(pair):
            at_most_one(place, raw, pair)


def _reading(place: Place, kind: str, name: str) -> Place:
    """Output and Assign may read the result of a state that has one."""
    return place.reading("result") if kind in _WITH_RESULT and name in {"Output", "Assign"} else place


def _result(place: Place, value: Any) -> None:
    """Anything, as it stands."""
    if looks_dynamic(value):
        place.warning(codes.STATIC_RESULT, "The Result of a Pass state is static: it is not read as a path.")


def _some_branches(place: Place, value: Any) -> None:
    """The branches themselves are checked as containers of states."""
    for index, branch in enumerate(value if is_filled_array(place, value) else []):
        is_object(place.item(index), branch)


def _processor(place: Place, value: Any) -> None:
    """The processor itself is checked as a container of states."""
    is_object(place, value)


CHECKS: Final[Mapping[str, Check]] = {
    "Comment": values.text,
    "QueryLanguage": values.one_of("JSONPath", "JSONata"),
    **dict.fromkeys(("InputPath", "OutputPath"), values.path),
    "ResultPath": values.result_path,
    **dict.fromkeys(("Parameters", "Arguments", "Output"), payload),
    "Assign": assignments,
    "Result": _result,
    **dict.fromkeys(("ResultSelector", "ItemSelector"), payload_object),
    **dict.fromkeys(("Next", "Default"), values.text),
    "End": values.boolean,
    "Resource": tasks.resource_text,
    "Credentials": tasks.credentials,
    **dict.fromkeys(("TimeoutSeconds", "HeartbeatSeconds"), values.whole(1, values.MAX_SECONDS)),
    **dict.fromkeys(("TimeoutSecondsPath", "HeartbeatSecondsPath", "SecondsPath", "TimestampPath"), values.reference),
    "Seconds": values.whole(0, values.MAX_SECONDS),
    "Timestamp": values.timestamp,
    **dict.fromkeys(("Error", "Cause"), values.words),
    **dict.fromkeys(("ErrorPath", "CausePath"), values.reference_or_call),
    "Choices": rules,
    "Retry": retriers,
    "Catch": catchers,
    "Branches": _some_branches,
    **dict.fromkeys(("ItemProcessor", "Iterator"), _processor),
    "Items": maps.items,
    "ItemsPath": values.reference,
    "ItemReader": maps.item_reader,
    "ItemBatcher": maps.item_batcher,
    "ResultWriter": maps.result_writer,
    **dict.fromkeys(("MaxConcurrency", "ToleratedFailureCount"), values.whole(0)),
    "ToleratedFailurePercentage": values.percentage,
    **dict.fromkeys(("MaxConcurrencyPath", "ToleratedFailureCountPath"), values.reference),
    "ToleratedFailurePercentagePath": values.reference,
    "Label": maps.label,
}
