"""Step Functions put together: engine, integrations, language, operations and what tells of executions."""

from __future__ import annotations

import secrets
from collections.abc import Iterator, Mapping
from typing import Any

from local_aws import base, ids
from local_aws.runtime import Runtime
from local_aws.settings import ACCOUNT
from local_aws.stepfunctions.contracts.records import ExecutionRecord
from local_aws.stepfunctions.execution.engine import Engine
from local_aws.stepfunctions.execution.turns import Observers
from local_aws.stepfunctions.interpreter.run import Ids
from local_aws.stepfunctions.operations.definitions import AslDefinitions
from local_aws.stepfunctions.service import StepFunctionsService, Surroundings
from local_aws.stepfunctions.state_tests.runs import StateRuns
from local_aws.stepfunctions.tasks.integrations import Integrations
from local_aws.stepfunctions.tasks.items.reader import DatasetReader
from local_aws.stepfunctions.tasks.items.results import preview
from local_aws.stepfunctions.tasks.items.writer import ResultFiles
from local_aws.stepfunctions.tasks.permissions import require_start, sync_permissions
from local_aws.stepfunctions.tasks.tools import Tools
from local_aws.stepfunctions.telemetry.observers import Telemetry
from local_aws.wire import Operation

_TOKEN_BYTES = 96


class StepFunctions:
    """The service as the server has it."""

    def __init__(self, runtime: Runtime) -> None:
        """Nothing runs before `resume`."""
        region = runtime.settings.region
        tools = Tools(runtime.clients, region, base.assume_role, base.knows_service, base.enforce, base.find_connection)
        tasks = Integrations(tools)
        self._telemetry = Telemetry(
            base.put_event, base.put_metric, base.deliver_logs, lambda: runtime.clock.now().timestamp()
        )
        self._engine = Engine(
            runtime.store,
            runtime.clock,
            tasks,
            _MapFiles(tools),
            Ids(_new_token, ids.new_uuid),
            Observers(self._telemetry.status, self._telemetry.events),
        )
        self._service = StepFunctionsService(
            runtime,
            self._engine,
            StateRuns(tasks, region, ACCOUNT, ids.new_uuid),
            lambda resource: sync_permissions(tasks.resource(resource), region),
            Surroundings(AslDefinitions(tasks)),
        )
        self.start_from_event = self._service.start_from_event

    def operations(self) -> dict[str, Operation]:
        """Every operation, with the permissions that it asks for."""
        return self._service.operations()

    def resource_types(self) -> dict[str, base.ResourceType]:
        """The CloudFormation types."""
        return self._service.resource_types()

    def resume(self) -> None:
        """Continue what was running when the last process ended."""
        self._engine.resume()

    def stop(self) -> None:
        """End the threads; what runs goes on at the next start."""
        self._engine.close()
        self._telemetry.stop()


class _MapFiles:
    """Where distributed Maps read items and write results."""

    def __init__(self, tools: Tools) -> None:
        self._tools = tools
        self.read = DatasetReader(tools).read

    def require_start(self, role_arn: str, state_machine_arn: str) -> None:
        require_start(self._tools, role_arn, state_machine_arn)

    def results(
        self,
        arguments: Mapping[str, Any],
        config: Mapping[str, Any],
        map_run_arn: str,
        role_arn: str,
        state_machine_arn: str,
    ) -> ResultFiles:
        return ResultFiles(self._tools, arguments, config, map_run_arn, role_arn, state_machine_arn)

    def preview(self, records: Iterator[ExecutionRecord], config: Mapping[str, Any]) -> Any:
        return preview(records, config)


def _new_token() -> str:
    return secrets.token_urlsafe(_TOKEN_BYTES)
