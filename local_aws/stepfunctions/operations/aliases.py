"""Aliases: names for one or two versions, between which they share what is started.

https://docs.aws.amazon.com/step-functions/latest/dg/concepts-state-machine-alias.html
"""

from __future__ import annotations

from dataclasses import replace

from local_aws.stepfunctions.operations.platform import Platform
from local_aws.stepfunctions.registry import arns, faults
from local_aws.stepfunctions.registry.paging import page_of, take
from local_aws.stepfunctions.registry.records import DELETING, AliasRecord, Document, VersionRecord
from local_aws.wire import AwsError, Caller

_MAX_ALIASES, _WHOLE = 100, 100


class Aliases:
    """The aliases of the registry."""

    def __init__(self, platform: Platform) -> None:
        self._platform, self._registry = platform, platform.registry

    def choose(self, alias: AliasRecord) -> VersionRecord | None:
        """The version that the next execution of an alias runs, drawn by the weights."""
        drawn = self._platform.draw() * _WHOLE
        for route in alias.routing:
            drawn -= route["weight"]
            if drawn < 0:
                return self._registry.version(route["stateMachineVersionArn"])
        return None

    def create(self, _caller: Caller, request: Document) -> Document:
        """Idempotent by name, description and routing.

        https://docs.aws.amazon.com/step-functions/latest/apireference/API_CreateStateMachineAlias.html
        """
        machine_arn = _require_routing(request["routingConfiguration"])
        arn, now = f"{machine_arn}:{request['name']}", self._platform.now()
        routing, description = request["routingConfiguration"], request.get("description", "")
        alias = AliasRecord(arn, machine_arn, request["name"], now, now, routing, description)
        with self._registry.transaction():
            self._require_versions(machine_arn, routing)
            found = self._registry.alias(arn)
            if found is None:
                self._require_room(machine_arn)
                self._registry.put_alias(alias)
            elif (found.routing, found.description) != (routing, description):
                raise faults.conflict(
                    "Failed to create alias because an alias with the same name and a different routing configuration "
                    "already exists."
                )
        return {"stateMachineAliasArn": arn, "creationDate": (found or alias).created}

    def update(self, _caller: Caller, request: Document) -> Document:
        """Change what an alias points to, or its description.

        https://docs.aws.amazon.com/step-functions/latest/apireference/API_UpdateStateMachineAlias.html
        """
        if not request.keys() & {"description", "routingConfiguration"}:
            raise faults.invalid("Either description or routingConfiguration must be specified", faults.MISSING)
        arn = _read_alias(request["stateMachineAliasArn"])
        with self._registry.transaction():
            alias = self._require(arn.text)
            routing = request.get("routingConfiguration", alias.routing)
            if _require_routing(routing) != alias.machine_arn:
                raise faults.invalid("Routing configuration must contain versions of the alias's state machine.",
                                     faults.ROUTING)  # fmt: skip
            self._require_versions(alias.machine_arn, routing)
            now, description = self._platform.now(), request.get("description", alias.description)
            self._registry.put_alias(replace(alias, routing=routing, description=description, updated=now))
        return {"updateDate": now}

    def describe(self, _caller: Caller, request: Document) -> Document:
        """Show an alias.

        https://docs.aws.amazon.com/step-functions/latest/apireference/API_DescribeStateMachineAlias.html
        """
        alias = self._require(_read_alias(request["stateMachineAliasArn"]).text)
        return {
            "stateMachineAliasArn": alias.arn,
            "name": alias.name,
            "description": alias.description or None,
            "routingConfiguration": alias.routing,
            "creationDate": alias.created,
            "updateDate": alias.updated,
        }

    def delete(self, _caller: Caller, request: Document) -> None:
        """Deleting it again does nothing (observed on AWS).

        https://docs.aws.amazon.com/step-functions/latest/apireference/API_DeleteStateMachineAlias.html
        """
        self._registry.delete_alias(_read_alias(request["stateMachineAliasArn"]).text)

    def list_aliases(self, _caller: Caller, request: Document) -> Document:
        """The aliases of a machine, or those that point to a version; the newest first.

        https://docs.aws.amazon.com/step-functions/latest/apireference/API_ListStateMachineAliases.html
        """
        arn = arns.read(request["stateMachineArn"], arns.MACHINE)
        machine = self._registry.machine(arn.machine)
        if machine is None or arn.label or arn.is_alias:
            raise faults.no_machine(arn.text)
        if machine.status == DELETING:
            raise faults.machine_deleting(arn.text)
        aliases = [a for a in self._registry.aliases(arn.machine) if not arn.rest or _points_to(a, arn.text)]
        page = page_of("ListStateMachineAliases", request, self._platform.now())
        shown, more = take(page, aliases, lambda alias: (alias.created, alias.arn), descending=True)
        listed = [{"stateMachineAliasArn": one.arn, "creationDate": one.created} for one in shown]
        return {"stateMachineAliases": listed, **more}

    def _require(self, arn: str) -> AliasRecord:
        alias = self._registry.alias(arn)
        if alias is None:
            raise faults.no_reference()
        return alias

    def _require_versions(self, machine_arn: str, routing: list[Document]) -> None:
        machine = self._registry.machine(machine_arn)
        if machine and machine.status == DELETING:
            raise faults.machine_deleting(machine_arn)
        if not all(self._registry.version(route["stateMachineVersionArn"]) for route in routing):
            raise faults.no_reference()

    def _require_room(self, machine_arn: str) -> None:
        if len(self._registry.aliases(machine_arn)) >= _MAX_ALIASES:
            raise faults.over_quota(f"The state machine {machine_arn} has {_MAX_ALIASES} aliases; delete one first.")


def _points_to(alias: AliasRecord, version_arn: str) -> bool:
    return any(route["stateMachineVersionArn"] == version_arn for route in alias.routing)


def _read_alias(text: str) -> arns.Arn:
    arn = arns.read(text, arns.MACHINE)
    if not arn.is_alias:
        raise faults.invalid_arn(f"Not the ARN of a state machine alias: {text}")
    return arn


def _require_routing(routing: list[Document]) -> str:
    """Check a routing by itself; returns the state machine's ARN. Raises AwsError ValidationException."""
    given = [route["stateMachineVersionArn"] for route in routing]
    shown = f"Received: [{', '.join(given)}]"
    versions = [arns.read(one, arns.MACHINE) for one in given]
    if not all(version.is_version and not version.label for version in versions):
        raise _bad_routing(f"Routing configuration must contain state machine version ARNs. {shown}")
    if len(set(given)) != len(given):
        raise _bad_routing(f"Routing configuration must contain distinct state machine version ARNs. {shown}")
    if len({version.machine for version in versions}) != 1:
        raise _bad_routing(f"Routing configuration must contain versions of the same state machine. {shown}")
    weights = [route["weight"] for route in routing]
    if sum(weights) != _WHOLE:
        raise _bad_routing(f"Sum of routing configuration weights must equal {_WHOLE}. Received: {weights}")
    return versions[0].machine


def _bad_routing(message: str) -> AwsError:
    return faults.invalid(message, faults.ROUTING)
