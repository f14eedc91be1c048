"""Validates a pipeline's document beyond the shapes of the API model.

https://docs.aws.amazon.com/codepipeline/latest/userguide/pipeline-requirements.html and
https://docs.aws.amazon.com/codepipeline/latest/userguide/action-requirements.html. Each problem is an AwsError with
AWS's error code. What AWS runs and local AWS does not is refused here, with a message that says so.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from typing import Any

from local_aws.codepipeline.definition import variables
from local_aws.codepipeline.definition.declaration import complete, read_declaration
from local_aws.codepipeline.definition.model import CONNECTION, SUPERSEDED, Action, Pipeline, Stage
from local_aws.codepipeline.definition.rules import RulesOfProviders
from local_aws.codepipeline.definition.triggers import FilterError, check_filters
from local_aws.wire import AwsError

Document = dict[str, Any]

MAX_STAGES, MAX_ACTIONS, MAX_STAGE_ACTIONS = 50, 1000, 100
"""https://docs.aws.amazon.com/codepipeline/latest/userguide/limits.html"""

_STRUCTURE, _STAGE = "InvalidStructureException", "InvalidStageDeclarationException"
_ACTION, _BLOCKER = "InvalidActionDeclarationException", "InvalidBlockerDeclarationException"
_ONLY_FOR_COMMANDS = ("commands", "outputVariables", "environmentVariables")


def validate(document: Document, region: str, version: int, rules: RulesOfProviders) -> tuple[Document, Pipeline]:
    """Return the completed document and its typed form, or raise AwsError for the first problem."""
    completed = complete(document, version)
    _check_stores(completed, region)
    _check_kind(completed)
    for stage in completed["stages"]:
        _check_stage_document(stage, region)
    pipeline = read_declaration(completed, region)
    _check_stages(pipeline)
    for _, stage, action in pipeline.actions():
        _check_action(stage, action, rules)
    _check_triggers(completed, pipeline)
    _check_artifacts(pipeline)
    _check_namespaces(pipeline)
    _check_references(pipeline)
    return completed, pipeline


def _check_stores(document: Document, region: str) -> None:
    one, many = document.get("artifactStore"), document.get("artifactStores")
    if (one is None) == (many is None):
        found = "both" if one else "neither"
        raise AwsError(_STRUCTURE, f"Exactly one of artifactStore and artifactStores must be given; found {found}.")
    if many is not None and region not in many:
        raise AwsError(_STRUCTURE, f"artifactStores must contain the pipeline's Region {region}.")
    if many is not None and len(many) > 1:
        others = ", ".join(sorted(set(many) - {region}))
        raise AwsError(_STRUCTURE, f"Local AWS has one Region, {region}; artifactStores also names {others}.")


def _check_kind(document: Document) -> None:
    if document["executionMode"] != SUPERSEDED and document["pipelineType"] != "V2":
        mode = document["executionMode"]
        raise AwsError(_STRUCTURE, f"executionMode {mode} needs a pipeline of type V2; pipelineType is V1.")
    if document.get("triggers") and document["pipelineType"] != "V2":
        raise AwsError(_STRUCTURE, "triggers need a pipeline of type V2; pipelineType is V1.")
    _require_unique(_STRUCTURE, "Pipeline variable", (v["name"] for v in document.get("variables", [])))


def _check_stage_document(stage: Document, region: str) -> None:
    name = stage["name"]
    if stage.get("blockers"):
        raise AwsError(_BLOCKER, f"Stage {name} has blockers, which are reserved for future use.")
    for condition in ("beforeEntry", "onSuccess", "onFailure"):
        if stage.get(condition):
            raise AwsError(
                _STAGE,
                f"Stage {name} has {condition}; local AWS does not run stage conditions, automatic retry "
                "and automatic rollback yet. AWS has them. Remove it to run the pipeline here.",
            )
    for action in stage["actions"]:
        where = f"Action {action['name']} of stage {name}"
        only_commands = [field for field in _ONLY_FOR_COMMANDS if action.get(field)]
        only_commands += ["outputArtifacts.files" for o in action["outputArtifacts"] if o.get("files")]
        if only_commands and action["actionTypeId"]["provider"] != "Commands":
            raise AwsError(_ACTION, f"{where} has {', '.join(only_commands)}, which only the Commands action takes.")
        if action.get("region", region) != region:
            raise AwsError(_ACTION, f"{where} is for Region {action['region']}; local AWS has one Region, {region}.")


def _check_stages(pipeline: Pipeline) -> None:
    count = len(pipeline.stages)
    if count < 2:
        raise AwsError(
            _STRUCTURE, f"Pipeline has only {count} stage(s). There should be a minimum of 2 stages in a pipeline"
        )
    if count > MAX_STAGES or sum(1 for _ in pipeline.actions()) > MAX_ACTIONS:
        raise AwsError("LimitExceededException", f"A pipeline has at most {MAX_STAGES} stages, {MAX_ACTIONS} actions.")
    _require_unique(_STAGE, "Stage name", (stage.name for stage in pipeline.stages))
    for number, stage in enumerate(pipeline.stages):
        if not 1 <= len(stage.actions) <= MAX_STAGE_ACTIONS:
            raise AwsError(
                _STAGE, f"Stage {stage.name} has {len(stage.actions)} actions; 1 to {MAX_STAGE_ACTIONS} are allowed."
            )
        _require_unique(_ACTION, f"Action name in stage {stage.name}", (action.name for action in stage.actions))
        for action in stage.actions:
            if (action.type.category == "Source") != (number == 0):
                raise AwsError(
                    _STRUCTURE,
                    f"Action {action.name} of stage {stage.name} has category {action.type.category}: the first stage "
                    "must contain source actions only, and source actions can only occur in the first stage.",
                )


def _check_action(stage: Stage, action: Action, rules_of: RulesOfProviders) -> None:
    kind = action.type
    if kind.key not in rules_of:
        runs = ", ".join(f"{category}/{owner}/{provider}" for category, owner, provider in rules_of)
        raise AwsError(
            _ACTION,
            f"ActionType (Category: '{kind.category}', Provider: '{kind.provider}', Owner: '{kind.owner}', Version: "
            f"'{kind.version}') in action '{action.name}' is not available in local AWS, which runs {runs}.",
        )
    if kind.version != "1":
        raise AwsError(
            _ACTION,
            f"ActionType (Category: '{kind.category}', Provider: '{kind.provider}', Owner: '{kind.owner}', Version: "
            f"'{kind.version}') in action '{action.name}' is not available; the version is '1'.",
        )
    if action.timeout_min is not None and kind.category != "Approval":
        raise AwsError(
            _ACTION,
            f"Action {action.name} of stage {stage.name} has timeoutInMinutes, which only a manual approval takes.",
        )
    rules = rules_of[kind.key]
    _check_count(action, "input", len(action.inputs), rules.inputs)
    _check_count(action, "output", len(action.outputs), rules.outputs)
    for key in sorted(rules.required - set(action.configuration)):
        raise AwsError(
            _ACTION, f"Action configuration for action '{action.name}' is missing required configuration '{key}'"
        )
    for key in sorted(set(action.configuration) - rules.required - rules.optional):
        raise AwsError(
            _ACTION, f"Action configuration for action '{action.name}' contains unknown configuration '{key}'"
        )
    refusal = rules.refusal(action.configuration)
    if refusal:
        raise AwsError(_ACTION, f"Action {action.name} of stage {stage.name}: {refusal}.")


def _check_triggers(document: Document, pipeline: Pipeline) -> None:
    """The messages are AWS's: AWS does not document them, users have reported them.

    https://github.com/aws/aws-cdk/issues/28694, https://github.com/hashicorp/terraform-provider-aws/issues/43105
    """
    seen: set[str] = set()
    for trigger in document.get("triggers", []):
        name = trigger["gitConfiguration"]["sourceActionName"]
        action = pipeline.source(name)
        if action is None or action.type.provider != CONNECTION or name in seen:
            raise AwsError(
                _STRUCTURE,
                "Triggers for connection must reference a CodeStarSourceConnection action. Note that when you specify "
                f"a trigger, you cant specify more than one trigger per source action. Found {name}.",
            )
        seen.add(name)
        try:
            check_filters(trigger["gitConfiguration"])
        except FilterError as error:
            raise AwsError(
                _STRUCTURE,
                "The trigger configuration for the source action is not valid. Make sure to choose valid filter "
                f"combinations. {name}: {error}.",
            ) from None


def _check_count(action: Action, what: str, found: int, allowed: tuple[int, int]) -> None:
    least, most = allowed
    if found < least:
        problem = f"less than the minimum count ({least})"
    elif found > most:
        problem = f"more than the maximum count ({most})"
    else:
        return
    raise AwsError(_ACTION, f"Action {action.name} declares {found} {what} artifacts which is {problem}")


def _check_artifacts(pipeline: Pipeline) -> None:
    produced: dict[str, tuple[int, int]] = {}
    for number, _, action in pipeline.actions():
        for name in action.outputs:
            if name in produced:
                raise AwsError(
                    _ACTION,
                    f"Output Artifact Bundle name must be unique within the pipeline. {name} has been used more than "
                    "once.",
                )
            produced[name] = (number, action.run_order)
    for number, stage, action in pipeline.actions():
        _require_unique(_ACTION, f"Input artifact of action {action.name}", action.inputs)
        for name in action.inputs:
            if name not in produced or produced[name] >= (number, action.run_order):
                raise AwsError(
                    _ACTION,
                    f"Input Artifact Bundle {name} in action {action.name} of stage {stage.name} is not declared as "
                    "Output Artifact Bundle in any of the preceding actions",
                )


def _check_namespaces(pipeline: Pipeline) -> None:
    artifacts = {name for _, _, action in pipeline.actions() for name in action.outputs}
    seen: set[str] = set()
    for _, stage, action in pipeline.actions():
        if action.namespace is None:
            continue
        where = f"StageName=[{stage.name}], ActionName=[{action.name}], Namespace=[{action.namespace}]"
        if action.namespace in seen:
            raise AwsError(
                _ACTION,
                "Namespaces must be unique across the pipeline definition. The following occur more than once in the "
                f"pipeline. {where}",
            )
        if action.namespace in (variables.EXECUTION, variables.PIPELINE):
            raise AwsError(_ACTION, f"The namespace {action.namespace} is reserved for CodePipeline. {where}")
        if action.namespace in artifacts:
            raise AwsError(_ACTION, f"The namespace {action.namespace} is the name of an artifact. {where}")
        seen.add(action.namespace)


def _check_references(pipeline: Pipeline) -> None:
    producers = {a.namespace: (number, a.run_order) for number, _, a in pipeline.actions() if a.namespace}
    declared = {variable.name for variable in pipeline.variables}
    for number, stage, action in pipeline.actions():
        for reference in variables.references(action.configuration.values()):
            problem = _reference_problem(reference, number, action, producers, declared)
            if problem:
                raise AwsError(_ACTION, f"Action {action.name} of stage {stage.name} refers to {reference}: {problem}.")


def _reference_problem(
    reference: variables.Reference,
    number: int,
    action: Action,
    producers: dict[str, tuple[int, int]],
    declared: set[str],
) -> str | None:
    if reference.namespace == variables.EXECUTION:
        known = reference.key == variables.EXECUTION_ID
        return None if known else f"the namespace codepipeline contains {variables.EXECUTION_ID} only"
    if reference.namespace == variables.PIPELINE:
        if action.type.category == "Source":
            return "variables of the pipeline cannot be used in source actions"
        return None if reference.key in declared else "the pipeline declares no such variable"
    if reference.namespace not in producers:
        return "no action has this namespace"
    if producers[reference.namespace] >= (number, action.run_order):
        return "the action with this namespace does not run before it"
    return None


def _require_unique(code: str, what: str, names: Iterable[str]) -> None:
    repeated = [name for name, count in Counter(names).items() if count > 1]
    if repeated:
        raise AwsError(code, f"{what} must be unique: {', '.join(repeated)} occurs more than once.")
