"""CloudFormation: types whose resources stacks may have here, with nothing behind them.

A notebook instance is a machine that a person works on, and a trail an audit of an account; what refers to them by
`Ref`, `GetAtt` or name works. The table holds what the type's page says: `Ref`, the attributes, and which properties
replace the resource. https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/AWS_SageMaker.html
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any

from local_aws.base.tables import ResourceType, ministack
from local_aws.resource_properties import generated_name
from local_aws.settings import ACCOUNT

Properties = dict[str, Any]
Made = tuple[str, dict[str, Any]]

_MAX_NAME = 63
_NAME = re.compile(r"[a-zA-Z0-9](-*[a-zA-Z0-9]){0,62}")


@dataclass(frozen=True)
class InertType:
    """A SageMaker type: the property that names it, the kind in its ARN, and the properties that replace it."""

    kind: str
    name_property: str
    arn_kind: str
    name_attribute: str
    replacing: frozenset[str] = frozenset()

    def resource_type(self) -> ResourceType:
        """The three functions that CloudFormation calls."""
        return ResourceType(self._create, self._update, lambda _physical_id, _properties: None)

    def _create(self, logical_id: str, properties: Properties, stack: str) -> Made:
        """`Ref` is the ARN, whose last part is the name in lower case."""
        name = properties.get(self.name_property) or generated_name(f"{stack}-{logical_id}", _MAX_NAME)
        if not _NAME.fullmatch(name):
            raise ValueError(
                f"Value '{name}' at '{self.name_property}' failed to satisfy constraint: 1 to {_MAX_NAME} letters, "
                "digits and hyphens, of which none begins or ends it"
            )
        region = ministack("core.responses").get_region()
        arn = f"arn:aws:sagemaker:{region}:{ACCOUNT}:{self.arn_kind}/{name.lower()}"
        if arn in _physical_ids(self.kind):
            raise ValueError(f"{self.kind.rpartition('::')[2]} {name} already exists ({arn}).")
        return arn, {self.name_attribute: name}

    def _update(self, physical_id: str, old: Properties, new: Properties, stack: str) -> Made:
        """Update in place, tags among the rest, unless a property changes that replaces the resource."""
        if any(old.get(name) != new.get(name) for name in {self.name_property, *self.replacing}):
            return self._create(self.kind.rpartition("::")[2], new, stack)
        name = old.get(self.name_property) or physical_id.rpartition("/")[2]
        return physical_id, {self.name_attribute: name}


_SAGEMAKER = (
    InertType(
        "AWS::SageMaker::NotebookInstance",
        "NotebookInstanceName",
        "notebook-instance",
        "NotebookInstanceName",
        frozenset({"DirectInternetAccess", "KmsKeyId", "SecurityGroupIds", "SubnetId"}),
    ),
    InertType(
        "AWS::SageMaker::NotebookInstanceLifecycleConfig",
        "NotebookInstanceLifecycleConfigName",
        "notebook-instance-lifecycle-config",
        "NotebookInstanceLifecycleConfigName",
    ),
    InertType("AWS::SageMaker::CodeRepository", "CodeRepositoryName", "code-repository", "CodeRepositoryName"),
)
TRAIL = "AWS::CloudTrail::Trail"
NAMES = (*(one.kind for one in _SAGEMAKER), TRAIL)


def register_inert_types() -> None:
    """Let CloudFormation know the types."""
    handlers = ministack("services.cloudformation.provisioners")._RESOURCE_HANDLERS  # noqa: SLF001
    for one in _SAGEMAKER:
        handlers[one.kind] = vars(one.resource_type())
    handlers[TRAIL] = {"create": _create_trail, "update": _update_trail, "delete": _delete_trail}


def _create_trail(logical_id: str, properties: Properties, stack: str) -> Made:
    """`Ref` is the name. MiniStack's CloudTrail keeps the trail, and records nothing.

    https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-cloudtrail-trail.html
    """
    name = properties.get("TrailName") or generated_name(f"{stack}-{logical_id}", _MAX_NAME)
    arn = str(_trail("_create_trail", **_trail_body(properties), Name=name)["TrailARN"])
    _apply_trail(name, arn, {}, properties)
    return name, _trail_attributes(arn, properties)


def _update_trail(physical_id: str, old: Properties, new: Properties, stack: str) -> Made:
    if old.get("TrailName") != new.get("TrailName"):
        made = _create_trail("Trail", new, stack)
        _delete_trail(physical_id, old)
        return made
    arn = str(_trail("_update_trail", **_trail_body(new), Name=physical_id)["TrailARN"])
    _apply_trail(physical_id, arn, old, new)
    return physical_id, _trail_attributes(arn, new)


def _delete_trail(physical_id: str, _properties: Properties) -> None:
    try:
        _trail("_delete_trail", Name=physical_id)
    except ValueError as error:
        if "TrailNotFoundException" not in str(error):
            raise


def _trail_body(properties: Properties) -> dict[str, Any]:
    """The properties as the API names them; logging, selectors and tags are calls of their own."""
    renamed = {"KMSKeyId": "KmsKeyId"}
    apart = ("TrailName", "IsLogging", "EventSelectors", "AdvancedEventSelectors", "InsightSelectors", "Tags")
    return {renamed.get(name, name): _typed(value) for name, value in properties.items() if name not in apart}


def _typed(value: Any) -> Any:
    """Templates may have booleans as text."""
    return {"true": True, "false": False}.get(value, value) if isinstance(value, str) else value


def _apply_trail(name: str, arn: str, old: Properties, new: Properties) -> None:
    _trail("_start_logging" if _typed(new.get("IsLogging")) else "_stop_logging", Name=name)
    selectors = {key: new[key] for key in ("EventSelectors", "AdvancedEventSelectors") if new.get(key)}
    if selectors:
        _trail("_put_event_selectors", TrailName=name, **selectors)
    if old.get("Tags"):
        _trail("_remove_tags", ResourceId=arn, TagsList=old["Tags"])
    if new.get("Tags"):
        _trail("_add_tags", ResourceId=arn, TagsList=new["Tags"])


def _trail_attributes(arn: str, properties: Properties) -> dict[str, str]:
    topic = str(properties.get("SnsTopicName") or "")
    region = ministack("core.responses").get_region()
    named = topic if not topic or topic.startswith("arn:") else f"arn:aws:sns:{region}:{ACCOUNT}:{topic}"
    return {"Arn": arn, **({"SnsTopicArn": named} if named else {})}


def _trail(operation: str, **body: Any) -> Mapping[str, Any]:
    """Make a call of CloudTrail's. Raises ValueError with its code and message."""
    call: Callable[[dict[str, Any]], tuple[int, Any, Any]] = getattr(ministack("services.cloudtrail"), operation)
    status, _, answer = call(body)
    found: dict[str, Any] = json.loads(answer or b"{}")
    if status >= HTTPStatus.BAD_REQUEST:
        code = str(found.get("__type", "")).rpartition("#")[2]
        raise ValueError(f"{found.get('message') or found.get('Message')} (Service: CloudTrail, Error Code: {code})")
    return found


def _physical_ids(kind: str) -> Iterator[str]:
    for stack in list(ministack("services.cloudformation")._stacks._data.values()):  # noqa: SLF001
        for record in list(stack["_resources"].values()):
            if record.get("ResourceType") == kind and stack["StackStatus"] != "DELETE_COMPLETE":
                yield record.get("PhysicalResourceId", "")
