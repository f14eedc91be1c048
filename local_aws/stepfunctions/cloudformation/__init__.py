"""The resource types of Step Functions.

https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/AWS_StepFunctions.html. Where a create-only
property changes, `update` makes another resource, and the stack deletes the old one in its cleanup.
"""

from __future__ import annotations

from collections.abc import Mapping

from local_aws import base
from local_aws.base import ResourceType
from local_aws.stepfunctions.cloudformation import activities, machines, versions
from local_aws.stepfunctions.cloudformation.api import Api
from local_aws.wire import Behaviour


def resource_types(
    region: str, behaviours: Mapping[str, Behaviour], read_object: machines.ReadObject = base.read_object
) -> dict[str, ResourceType]:
    """The types by their names; `behaviours` are those of the operations, by name."""
    api = Api(region, behaviours)
    machine, activity = machines.Machines(api, read_object), activities.Activities(api)
    version, alias = versions.Versions(api), versions.Aliases(api)
    return {
        machines.TYPE: ResourceType(machine.create, machine.update, machine.delete),
        activities.TYPE: ResourceType(activity.create, activity.update, activity.delete),
        versions.VERSION: ResourceType(version.create, version.update, version.delete),
        versions.ALIAS: ResourceType(alias.create, alias.update, alias.delete),
    }
