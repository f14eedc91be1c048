"""Versions of state machines.

https://docs.aws.amazon.com/step-functions/latest/dg/concepts-state-machine-version.html
"""

from __future__ import annotations

from dataclasses import replace

from local_aws.stepfunctions.operations.platform import Platform
from local_aws.stepfunctions.registry import arns, faults
from local_aws.stepfunctions.registry.paging import page_of, take
from local_aws.stepfunctions.registry.records import DELETING, INITIAL, Document, MachineRecord, VersionRecord
from local_aws.wire import Caller

_MAX_VERSIONS = 1000


class Versions:
    """The versions of the registry."""

    def __init__(self, platform: Platform) -> None:
        self._platform, self._registry = platform, platform.registry

    def current(self, machine: MachineRecord) -> VersionRecord | None:
        """The version of the machine's present revision."""
        versions = self._registry.versions(machine.arn)
        return next((version for version in versions if version.revision.id == machine.revision.id), None)

    def publish(self, machine: MachineRecord, description: str) -> VersionRecord:
        """The version of the present revision, made if there is none; inside a transaction. Raises AwsError."""
        found = self.current(machine)
        if found is not None:
            return found
        if len(self._registry.versions(machine.arn)) >= _MAX_VERSIONS:
            raise faults.over_quota(f"The state machine {machine.arn} has {_MAX_VERSIONS} versions; delete one first.")
        number = machine.versions + 1
        arn, now = f"{machine.arn}:{number}", self._platform.now()
        version = VersionRecord(arn, machine.arn, number, now, machine.revision, description)
        self._registry.put_version(version)
        self._registry.put_machine(replace(machine, versions=number))
        return version

    def publish_version(self, _caller: Caller, request: Document) -> Document:
        """Idempotent by the revision.

        https://docs.aws.amazon.com/step-functions/latest/apireference/API_PublishStateMachineVersion.html
        """
        arn = arns.read(request["stateMachineArn"], arns.MACHINE)
        if arn.label:
            raise faults.labeled(arn.text)
        with self._registry.transaction():
            machine = self._registry.machine(arn.text)
            if machine is None:
                raise faults.no_machine(arn.text)
            if machine.status == DELETING:
                raise faults.machine_deleting(arn.text)
            _require_revision(machine, request.get("revisionId"))
            version = self.publish(machine, request.get("description", ""))
        return {"stateMachineVersionArn": version.arn, "creationDate": version.created}

    def delete(self, _caller: Caller, request: Document) -> None:
        """Deleting it again does nothing; one that an alias points to stays.

        https://docs.aws.amazon.com/step-functions/latest/apireference/API_DeleteStateMachineVersion.html
        """
        arn = arns.read(request["stateMachineVersionArn"], arns.MACHINE)
        if not arn.is_version:
            raise faults.invalid_arn(f"Not the ARN of a state machine version: {arn.text}")
        with self._registry.transaction():
            pointing = [
                alias.name
                for alias in self._registry.aliases(arn.machine)
                if any(one["stateMachineVersionArn"] == arn.text for one in alias.routing)
            ]
            if pointing:
                raise faults.conflict(
                    "Version to be deleted must not be referenced by an alias. Current list of aliases referencing "
                    f"this version: [{', '.join(sorted(pointing))}]"
                )
            self._registry.delete_version(arn.text)

    def list_versions(self, _caller: Caller, request: Document) -> Document:
        """The newest first.

        https://docs.aws.amazon.com/step-functions/latest/apireference/API_ListStateMachineVersions.html
        """
        arn = arns.read(request["stateMachineArn"], arns.MACHINE)
        if arn.label:
            raise faults.labeled(arn.text)
        if self._registry.machine(arn.text) is None:
            raise faults.no_machine(arn.text)
        page = page_of("ListStateMachineVersions", request, self._platform.now())
        versions = self._registry.versions(arn.text)
        shown, more = take(page, versions, lambda version: (version.number, version.arn), descending=True)
        listed = [{"stateMachineVersionArn": one.arn, "creationDate": one.created} for one in shown]
        return {"stateMachineVersions": listed, **more}


def _require_revision(machine: MachineRecord, expected: str | None) -> None:
    current = machine.revision.id or INITIAL
    if expected is not None and expected != current:
        raise faults.conflict(
            f"Failed to publish the State Machine version for revision {expected}. The current State Machine revision "
            f"is {current}."
        )
