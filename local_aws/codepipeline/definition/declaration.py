"""The document of a pipeline, as CreatePipeline takes it and GetPipeline returns it, and its typed form."""

from __future__ import annotations

from typing import Any

from local_aws.codepipeline.definition.model import (
    SUPERSEDED,
    Action,
    ActionType,
    ArtifactStore,
    Pipeline,
    Stage,
    Variable,
)
from local_aws.codepipeline.definition.triggers import read_triggers

Document = dict[str, Any]

_V2_FIELDS = ("variables", "triggers")


def complete(document: Document, version: int) -> Document:
    """The document with AWS's defaults filled in, as GetPipeline shows it.

    A pipeline that uses a field of type V2 is of type V2. AWS does not document the type of a pipeline that uses none
    of these fields and gives no type; here it is V1.
    """
    mode = document.get("executionMode", SUPERSEDED)
    needs_v2 = mode != SUPERSEDED or any(document.get(field) for field in _V2_FIELDS)
    return {
        **document,
        "stages": [
            {**stage, "actions": [_complete_action(action) for action in stage["actions"]]}
            for stage in document["stages"]
        ],
        "version": version,
        "executionMode": mode,
        "pipelineType": document.get("pipelineType", "V2" if needs_v2 else "V1"),
    }


def _complete_action(action: Document) -> Document:
    defaults: Document = {"runOrder": 1, "configuration": {}, "outputArtifacts": [], "inputArtifacts": []}
    return {**defaults, **action}


def read_declaration(document: Document, region: str) -> Pipeline:
    """The typed form of a completed document that has been validated."""
    store = document.get("artifactStore") or document["artifactStores"][region]
    return Pipeline(
        name=document["name"],
        version=document["version"],
        role_arn=document["roleArn"],
        store=ArtifactStore(store["location"], store.get("encryptionKey", {}).get("id")),
        stages=tuple(
            Stage(stage["name"], tuple(_read_action(action) for action in stage["actions"]))
            for stage in document["stages"]
        ),
        variables=tuple(Variable(v["name"], v.get("defaultValue")) for v in document.get("variables", [])),
        mode=document["executionMode"],
        type=document["pipelineType"],
        triggers=read_triggers(document.get("triggers", [])),
    )


def _read_action(action: Document) -> Action:
    kind = action["actionTypeId"]
    return Action(
        name=action["name"],
        type=ActionType(kind["category"], kind["owner"], kind["provider"], kind["version"]),
        run_order=action["runOrder"],
        configuration=action["configuration"],
        inputs=tuple(artifact["name"] for artifact in action["inputArtifacts"]),
        outputs=tuple(artifact["name"] for artifact in action["outputArtifacts"]),
        role_arn=action.get("roleArn"),
        namespace=action.get("namespace"),
        timeout_min=action.get("timeoutInMinutes"),
    )
