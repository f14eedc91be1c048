"""CloudFormation: templates checked before anything is made of them, as AWS checks them.

CloudFormation refuses a call whose template is invalid in itself. What is wrong about the properties of its resources
it finds in a validation before it deploys, which fails the stack or the change set:
https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/validate-stack-deployments.html
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Mapping
from contextvars import ContextVar
from dataclasses import dataclass
from functools import partial
from http import HTTPStatus
from importlib.util import find_spec
from typing import Any
from uuid import uuid4
from xml.etree.ElementTree import fromstring

from local_aws.base.cloudformation.template_errors import Failure, Finding, refusals
from local_aws.base.cloudformation.template_findings import TemplateFindings
from local_aws.base.cloudformation.template_format import format_problems, stack_problem
from local_aws.base.tables import ministack

OPERATIONS = ("ValidateTemplate", "GetTemplateSummary", "CreateStack", "UpdateStack", "CreateChangeSet")
_SCHEMA_CHECK = "PROPERTY_VALIDATION"
# https://github.com/aws-cloudformation/rain/pull/744
_CHANGE_SET_FAILED = (
    "The following hook(s)/validation failed: [AWS::EarlyValidation::PropertyValidation]. To troubleshoot Early "
    "Validation errors, use the DescribeEvents API for detailed failure information."
)

_SAM = "AWS::Serverless-2016-10-31"
_NO_SAM = (
    f"Transform {_SAM} is applied by aws-sam-translator, which is not installed. Install the extra sam of local AWS "
    "(pip install 'slipway-local-aws[sam]') and start local AWS again, or expand the template first."
)

Answer = tuple[int, dict[str, str], bytes]
Handler = Callable[[Mapping[str, Any]], Answer]


class _NotCheckedError(Exception):
    """Nobody has run cfn-lint on this template yet."""

    def __init__(self, template: Mapping[str, Any]) -> None:
        self.template = template


@dataclass(frozen=True)
class _Checked:
    """The template of the request that is being answered, and what is wrong about its properties."""

    template: Mapping[str, Any]
    findings: list[Finding]

    def failures(self, conditions: Mapping[str, bool]) -> list[Failure]:
        found = [one.failure(self.template) for one in self.findings if one.concerns(self.template, conditions)]
        return list(dict.fromkeys(found))


_checked: ContextVar[_Checked | None] = ContextVar("checked_template", default=None)
_shown: ContextVar[dict[str, Any] | None] = ContextVar("shown_stack", default=None)
"""What stands for the stack that an operation looks for."""


def check_templates(findings: TemplateFindings) -> None:
    """Let CloudFormation refuse what it refuses on AWS; `findings` looks at each template once."""
    service, handlers = ministack("services.cloudformation"), ministack("services.cloudformation.handlers")
    table = handlers._ACTION_HANDLERS  # noqa: SLF001
    table["CreateChangeSet"] = partial(_fail_change_set, table["CreateChangeSet"])
    for operation in OPERATIONS:
        table[operation] = partial(_check_first, operation, findings, table[operation])
    for module in (handlers, ministack("services.cloudformation.changesets")):
        module.validate_template_support = partial(_require_for_stack, module.validate_template_support)
    stacks = ministack("services.cloudformation.stacks")
    stacks._validation_errors = partial(_validation_errors, stacks._validation_errors)  # noqa: SLF001
    handle = service.handle_request

    async def handle_request(*request: Any) -> Answer:
        """cfn-lint takes seconds, in which other requests are answered; the operation itself has done nothing yet."""
        while True:
            try:
                answer: Answer = await handle(*request)
            except _NotCheckedError as template:
                await asyncio.to_thread(findings.look, template.template)
            else:
                return answer

    service.handle_request = handle_request


def read_yaml_fast() -> None:
    """Let MiniStack read YAML ten times as fast, with libyaml; a template is read once more for its check.

    https://pyyaml.org/wiki/PyYAMLDocumentation
    """
    import yaml  # noqa: PLC0415 - an idle local AWS does not need it

    engine = ministack("services.cloudformation.engine")
    if yaml.__with_libyaml__:
        slow = engine.CfnLoader
        tables = {name: getattr(slow, name) for name in ("yaml_constructors", "yaml_multi_constructors")}
        resolvers = {"yaml_implicit_resolvers": slow.yaml_implicit_resolvers}
        engine.CfnLoader = type("CfnLoader", (yaml.CSafeLoader,), tables | resolvers)


def _check_first(operation: str, findings: TemplateFindings, handler: Handler, parameters: Mapping[str, Any]) -> Answer:
    try:
        template = _template_of(operation, parameters)
    except ValueError as error:
        return _refuse(str(error))
    if template is None:
        return handler(parameters)
    problems = format_problems(template)
    if not problems and not template.get("Transform"):
        found = findings.known(template)
        if found is None:
            raise _NotCheckedError(template)
        problems = refusals(found)
    else:
        found = []
    if problems:
        return _refuse("\n".join(problems))
    token = _checked.set(_Checked(template, [one for one in found if not one.refuses_call]))
    try:
        # Without the validation a resource would fail here for nothing that its service checks, and so not at all.
        return handler({name: value for name, value in parameters.items() if name != "DisableValidation" or not found})
    finally:
        _checked.reset(token)


def _refuse(message: str) -> Answer:
    answer: Answer = ministack("services.cloudformation.helpers")._error("ValidationError", message)  # noqa: SLF001
    return answer


def _template_of(operation: str, parameters: Mapping[str, Any]) -> dict[str, Any] | None:
    """The template as the operation will read it, None if the operation refuses it itself. Raises ValueError."""
    engine, helpers = ministack("services.cloudformation.engine"), ministack("services.cloudformation.helpers")
    body, refused = helpers._resolve_template(parameters)  # noqa: SLF001
    stack = ministack("services.cloudformation.handlers")._resolve_stack(helpers._p(parameters, "StackName"))  # noqa: SLF001
    if refused or not (body or (stack and operation in ("UpdateStack", "CreateChangeSet"))):
        return None
    template = _parse(body or stack.get("_template_body") or "{}")
    if _needs_sam(template):
        raise ValueError(_NO_SAM)
    if operation in ("ValidateTemplate", "GetTemplateSummary"):
        return template
    given = helpers._extract_members(parameters, "Parameters")  # noqa: SLF001
    try:
        processed = engine._apply_transforms(template, given, (stack or {}).get("_resolved_params", {}))  # noqa: SLF001
    except Exception:  # noqa: BLE001 - the operation fails at the same place, and says so
        return None
    return None if isinstance(processed, engine._TransformFailed) else dict(processed)  # noqa: SLF001


def _needs_sam(template: Mapping[str, Any]) -> bool:
    """Whether the template has a transform that only AWS's translator knows, which is not installed."""
    declared = template.get("Transform", [])
    transforms = declared if isinstance(declared, list) else [declared]
    return _SAM in transforms and find_spec("samtranslator") is None


def _parse(body: str) -> dict[str, Any]:
    """The template. Raises ValueError with the place where it stops to be YAML or JSON, in CloudFormation's words."""
    import yaml  # noqa: PLC0415 - an idle local AWS does not need it

    try:
        template: dict[str, Any] = ministack("services.cloudformation.engine")._parse_template(body)  # noqa: SLF001
    except json.JSONDecodeError as error:
        raise ValueError(
            f"Template format error: JSON not well-formed. (line {error.lineno}, column {error.colno})"
        ) from None
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark
        where = f" (line {mark.line + 1}, column {mark.column + 1})" if mark else ""
        raise ValueError(f"Template format error: YAML not well-formed.{where}") from None
    except ValueError:
        raise ValueError("Template format error: unsupported structure.") from None
    return template


def _require_for_stack(
    check: Callable[..., None],
    template: Mapping[str, Any],
    conditions: Mapping[str, bool],
    params: Mapping[str, Any] | None = None,
) -> None:
    check(template, conditions, params=params)
    problem = stack_problem(template, conditions) if params is not None else None
    if problem:
        raise ValueError(problem)


def _validation_errors(
    find: Callable[..., list[Any]], resources: Mapping[str, Any], ordered: list[str], *rest: Any, **more: Any
) -> list[Any]:
    """Return the findings of MiniStack and of cfn-lint, in MiniStack's tuples."""
    found, checked = find(resources, ordered, *rest, **more), _checked.get()
    if checked is None or checked.template.get("Resources") != resources:
        return found
    conditions = rest[1]
    known = {(one[0], one[3]) for one in found}
    return found + [
        (one.logical_id, resources.get(one.logical_id, {}).get("Type", ""), _SCHEMA_CHECK, one.path, one.reason)
        for one in checked.failures(conditions)
        if (one.logical_id, one.path) not in known
    ]


def _fail_change_set(handler: Handler, parameters: Mapping[str, Any]) -> Answer:
    """Fail a change set whose resources do not pass, as CloudFormation does before anybody can execute it."""
    answer, checked = handler(parameters), _checked.get()
    if answer[0] != HTTPStatus.OK or checked is None:
        return answer
    made = fromstring(answer[2]).findtext(".//{*}Id")  # noqa: S314 - MiniStack's own answer
    change_set = ministack("services.cloudformation")._change_sets.get(made)  # noqa: SLF001
    if change_set is None or change_set["Status"] != "CREATE_COMPLETE":
        return answer
    evaluate = ministack("services.cloudformation.engine")._evaluate_conditions  # noqa: SLF001
    failures = checked.failures(evaluate(change_set["_template"], change_set["_resolved_params"]))
    if failures:
        change_set |= {"Status": "FAILED", "ExecutionStatus": "UNAVAILABLE", "StatusReason": _CHANGE_SET_FAILED}
        change_set["_operation_events"] = _events(change_set, failures)
    return answer


def _events(change_set: Mapping[str, Any], failures: list[Failure]) -> list[dict[str, Any]]:
    stacks = ministack("services.cloudformation.stacks")
    resources, operation = change_set["_template"].get("Resources", {}), str(uuid4())
    return [
        stacks._operation_event(  # noqa: SLF001
            change_set["StackId"],
            operation,
            "VALIDATION_ERROR",
            "CREATE_CHANGESET",
            LogicalResourceId=failure.logical_id,
            ResourceType=resources.get(failure.logical_id, {}).get("Type", ""),
            ValidationFailureMode="FAIL",
            ValidationName=_SCHEMA_CHECK,
            ValidationStatus="FAILED",
            ValidationStatusReason=failure.reason,
            ValidationPath=failure.path,
        )
        for failure in failures
    ]


def describe_change_set_events() -> None:
    """Let DescribeEvents tell of a change set, whose events MiniStack does not know.

    https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/API_DescribeEvents.html
    """
    handlers = ministack("services.cloudformation.handlers")
    resolve, table = handlers._resolve_stack, handlers._ACTION_HANDLERS  # noqa: SLF001
    handlers._resolve_stack = lambda name: _shown.get() or resolve(name)  # noqa: SLF001
    table["DescribeEvents"] = partial(_describe_events, table["DescribeEvents"])


def _describe_events(handler: Handler, parameters: Mapping[str, Any]) -> Answer:
    helpers = ministack("services.cloudformation.helpers")
    name, stack = (helpers._p(parameters, key) for key in ("ChangeSetName", "StackName"))  # noqa: SLF001
    if not name:
        return handler(parameters)
    _, change_set = ministack("services.cloudformation.changesets")._find_change_set(name, stack)  # noqa: SLF001
    if change_set is None:
        missing: Answer = helpers._error(  # noqa: SLF001
            "ChangeSetNotFound", f"ChangeSet [{name}] does not exist", HTTPStatus.NOT_FOUND
        )
        return missing
    # The other operation's own answer, about a stack that has these events alone.
    shown = _shown.set({"_operation_events": change_set.get("_operation_events", [])})
    try:
        return handler({**parameters, "StackName": change_set["StackName"]})
    finally:
        _shown.reset(shown)
