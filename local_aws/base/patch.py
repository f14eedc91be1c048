"""Defines a patch of MiniStack, and the parts of patches."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from local_aws.base.cloudformation.template_findings import TemplateFindings
from local_aws.base.events import PipelineTarget
from local_aws.base.functions.asynchronous import AsynchronousInvocations
from local_aws.base.functions.processes import FunctionProcesses
from local_aws.base.iam.calls import Note
from local_aws.base.state_machines import MachineTarget
from local_aws.base.tables import ResourceType
from local_aws.settings import Settings
from local_aws.state.store import Store
from local_aws.wire import Service

DOCS = "https://docs.aws.amazon.com"
TESTS = "tests/local_aws"


@dataclass(frozen=True)
class Front:
    """A service of ours, its name in MiniStack's tables, and what `X-Amz-Target` begins with, if it is sent."""

    service: Service
    ministack_name: str
    target_prefix: str | None


@dataclass(frozen=True)
class Parts:
    """The parts of local AWS that patches put in MiniStack's place."""

    settings: Settings
    store: Store
    telemetry: Store
    records: Store
    sessions: Store
    fronts: tuple[Front, ...]
    resource_types: Callable[[], Mapping[str, ResourceType]]
    """CloudFormation's types of our services, by their names."""
    note: Note
    restore: Callable[[], None]
    start_pipeline: PipelineTarget
    start_machine: MachineTarget
    processes: FunctionProcesses
    invocations: AsynchronousInvocations
    templates: TemplateFindings


@dataclass(frozen=True)
class Patch:
    """A change of MiniStack."""

    name: str
    replaces: tuple[str, ...]
    """Attributes of MiniStack's modules, below `ministack`; an entry of a table has its key in brackets."""
    why: str
    """What AWS does, or what MiniStack does otherwise."""
    source: str
    """Where it is documented."""
    tests: tuple[str, ...]
    """What fails without it, each of them."""
    apply: Callable[[Parts], None]
    late: bool = False
    """Whether it touches CloudFormation, which takes a second to import, and so waits for its first request."""


def all_of(module: str, *names: str) -> tuple[str, ...]:
    """The names of several attributes of a module."""
    return tuple(f"{module}.{name}" for name in names)
