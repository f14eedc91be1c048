"""State machines: made, changed, described, listed and deleted."""

from __future__ import annotations

from dataclasses import replace

from local_aws.stepfunctions.operations.configuration import encryption_of, logging_of, require_rights
from local_aws.stepfunctions.operations.definitions import checked
from local_aws.stepfunctions.operations.platform import Platform
from local_aws.stepfunctions.operations.tagging import tags_of
from local_aws.stepfunctions.operations.versions import Versions
from local_aws.stepfunctions.registry import arns, faults
from local_aws.stepfunctions.registry.names import require_name
from local_aws.stepfunctions.registry.paging import page_of, take
from local_aws.stepfunctions.registry.records import (
    DELETING,
    STANDARD,
    Document,
    MachineRecord,
    Revision,
    VersionRecord,
)
from local_aws.wire import AwsError, Caller

_CHANGES = ("definition", "roleArn", "loggingConfiguration", "tracingConfiguration", "encryptionConfiguration")
METADATA_ONLY = "METADATA_ONLY"


class Machines:
    """The state machines of the registry."""

    def __init__(self, platform: Platform, versions: Versions) -> None:
        self._platform, self._versions = platform, versions
        self._registry = platform.registry

    # --- Lookup

    def find(self, arn: str) -> MachineRecord | None:
        """The state machine of an unqualified ARN; one whose deletion can end is gone."""
        machine = self._registry.machine(arn)
        if machine and machine.status == DELETING and not self._platform.executions.running(arn):
            self._registry.delete_machine(arn)
            return None
        return machine

    def require(self, arn: str, shown: str = "") -> MachineRecord:
        """The state machine. Raises AwsError StateMachineDoesNotExist, naming what the caller gave."""
        machine = self.find(arn)
        if machine is None:
            raise faults.no_machine(shown or arn)
        return machine

    def require_active(self, arn: str, shown: str = "") -> MachineRecord:
        """The state machine, unless it is being deleted. Raises AwsError."""
        machine = self.require(arn, shown)
        if machine.status == DELETING:
            raise faults.machine_deleting(shown or arn)
        return machine

    # --- CreateStateMachine

    def create(self, caller: Caller, request: Document) -> Document:
        """Idempotent by name, definition, type and configuration; the role and the tags of a repeat are ignored.

        https://docs.aws.amazon.com/step-functions/latest/apireference/API_CreateStateMachine.html
        """
        machine = self._new_machine(request)
        definition = checked(self._platform.definitions, machine.revision.definition, machine.type)
        found = self.find(machine.arn)
        if found is None:
            require_rights(self._platform, machine.arn, machine.revision, definition)
        tags = tags_of(caller, request, machine.arn)
        with self._registry.transaction():
            found = self._registry.machine(machine.arn)
            if found is not None:
                return self._created_again(found, machine)
            self._registry.put_machine(machine)
            self._registry.put_tags(machine.arn, tags)
            version = self._versions.publish(machine, machine.description) if machine.published else None
        return _created(machine, version)

    def _new_machine(self, request: Document) -> MachineRecord:
        _require_publish(request)
        name, now = require_name(request["name"]), self._platform.now()
        revision = Revision(
            definition=request["definition"],
            role_arn=request["roleArn"],
            logging=logging_of(self._platform, request.get("loggingConfiguration")),
            tracing=request.get("tracingConfiguration", {}).get("enabled", False),
            encryption=encryption_of(request.get("encryptionConfiguration")),
        )
        return MachineRecord(
            arn=arns.machine(self._platform.region, name),
            name=name,
            type=request.get("type", STANDARD),
            created=now,
            updated=now,
            revision=revision,
            published=request.get("publish", False),
            description=request.get("versionDescription", ""),
        )

    def _created_again(self, found: MachineRecord, asked: MachineRecord) -> Document:
        if found.status == DELETING:
            raise faults.machine_deleting(found.arn)
        if _identity(found) != _identity(asked):
            raise faults.machine_exists(found.arn)
        version = self._versions.current(found) if found.published else None
        return _created(found, version)

    # --- UpdateStateMachine

    def update(self, _caller: Caller, request: Document) -> Document:
        """A change makes a new revision; an update that changes nothing keeps the old one (observed on AWS).

        https://docs.aws.amazon.com/step-functions/latest/apireference/API_UpdateStateMachine.html
        """
        arn = _unqualified(request["stateMachineArn"])
        _require_publish(request)
        machine = self.require_active(arn)
        if not any(name in request for name in _CHANGES):
            raise AwsError(
                "MissingRequiredParameter",
                "Either the definition, the role ARN, the LoggingConfiguration, the TracingConfiguration or the "
                "EncryptionConfiguration must be specified",
            )
        wanted = self._changed(machine.revision, request)
        if wanted != machine.revision:
            definition = checked(self._platform.definitions, wanted.definition, machine.type)
            require_rights(self._platform, arn, wanted, definition)
        with self._registry.transaction():
            if self._registry.machine(arn) != machine:
                raise faults.conflict(f"Another request changes the state machine at the same time: '{arn}'")
            now = self._platform.now()
            if wanted != machine.revision:
                wanted = replace(wanted, id=self._platform.new_id())
                machine = replace(machine, revision=wanted, updated=now)
                self._registry.put_machine(machine)
            version = None
            if request.get("publish"):
                version = self._versions.publish(machine, request.get("versionDescription", ""))
        return {
            "updateDate": now,
            "revisionId": machine.revision.id or None,
            "stateMachineVersionArn": version.arn if version else None,
        }

    def _changed(self, revision: Revision, request: Document) -> Revision:
        changes: Document = {}
        if "definition" in request:
            changes["definition"] = request["definition"]
        if "roleArn" in request:
            changes["role_arn"] = request["roleArn"]
        if "loggingConfiguration" in request:
            changes["logging"] = logging_of(self._platform, request["loggingConfiguration"])
        if "tracingConfiguration" in request:
            changes["tracing"] = request["tracingConfiguration"].get("enabled", False)
        if "encryptionConfiguration" in request:
            changes["encryption"] = encryption_of(request["encryptionConfiguration"])
        return replace(revision, **changes)

    # --- DeleteStateMachine

    def delete(self, _caller: Caller, request: Document) -> None:
        """The machine is DELETING until its last execution has ended; deleting it again does nothing.

        https://docs.aws.amazon.com/step-functions/latest/apireference/API_DeleteStateMachine.html
        """
        arn = arns.read(request["stateMachineArn"], arns.MACHINE)
        if arn.label:
            raise faults.labeled(arn.text)
        if arn.rest:
            raise faults.invalid(f"Only a whole state machine can be deleted here, without a qualifier: '{arn.text}'")
        with self._registry.transaction():
            machine = self._registry.machine(arn.text)
            if machine is None or machine.status == DELETING:
                return
            self._registry.put_machine(replace(machine, status=DELETING))
        self._platform.executions.machine_deleted(arn.text)
        self.find(arn.text)

    # --- DescribeStateMachine, ListStateMachines

    def describe(self, _caller: Caller, request: Document) -> Document:
        """A machine, or a version of it.

        https://docs.aws.amazon.com/step-functions/latest/apireference/API_DescribeStateMachine.html
        """
        arn = arns.read(request["stateMachineArn"], arns.MACHINE)
        if arn.label:
            raise faults.labeled(arn.text)
        machine = self.require(arn.machine, arn.text)
        included = request.get("includedData") != METADATA_ONLY
        if not arn.rest:
            return {**self._described(machine, machine.revision, included), "creationDate": machine.created}
        version = self._registry.version(arn.text)
        if version is None:
            raise faults.no_machine(arn.text)
        return {
            **self._described(machine, version.revision, included),
            "stateMachineArn": version.arn,
            "creationDate": version.created,
            "description": version.description or None,
        }

    def _described(self, machine: MachineRecord, revision: Revision, included: bool) -> Document:
        references = self._platform.definitions.variable_references(revision.definition) if included else None
        return {
            "stateMachineArn": machine.arn,
            "name": machine.name,
            "status": machine.status,
            "type": machine.type,
            "definition": revision.definition if included else "",
            "roleArn": revision.role_arn,
            "loggingConfiguration": revision.logging,
            "tracingConfiguration": {"enabled": revision.tracing},
            "encryptionConfiguration": revision.encryption,
            "revisionId": revision.id or None,
            "variableReferences": references or None,
        }

    def list_machines(self, _caller: Caller, request: Document) -> Document:
        """All machines by name.

        https://docs.aws.amazon.com/step-functions/latest/apireference/API_ListStateMachines.html
        """
        page = page_of("ListStateMachines", request, self._platform.now())
        shown, more = take(page, self._registry.machines(), lambda machine: (machine.name, machine.arn))
        listed = [
            {"stateMachineArn": one.arn, "name": one.name, "type": one.type, "creationDate": one.created}
            for one in shown
            if self.find(one.arn) is not None
        ]
        return {"stateMachines": listed, **more}


def _require_publish(request: Document) -> None:
    if "versionDescription" in request and not request.get("publish"):
        raise faults.invalid("Version description can only be set when publish is true")


def _identity(machine: MachineRecord) -> tuple[object, ...]:
    revision = machine.revision
    configuration = (revision.definition, revision.logging, revision.tracing, revision.encryption)
    return (*configuration, machine.type, machine.published, machine.description)


def _created(machine: MachineRecord, version: VersionRecord | None) -> Document:
    return {
        "stateMachineArn": machine.arn,
        "creationDate": machine.created,
        "stateMachineVersionArn": version.arn if version else None,
    }


def _unqualified(text: str) -> str:
    arn = arns.read(text, arns.MACHINE)
    if arn.label:
        raise faults.labeled(text)
    if arn.rest:
        raise faults.no_machine(text)
    return text
