"""What `destroy` is to remove, and what it has to leave."""

from __future__ import annotations

from dataclasses import dataclass, field, fields

from slipway.datasets.model_data import Locked
from slipway.installation.installation import Inventory, find_log_groups, take_inventory
from slipway.installation.workflow_inventory import WorkflowInventory
from slipway.names import Names
from slipway.session import Session

DATA = frozenset(("training jobs", "log streams", "metrics jobs", "metrics log streams", "data", "evidence"))
WORKFLOWS = frozenset(field.name.replace("_", " ") for field in fields(WorkflowInventory))
WORKFLOW_DATA = frozenset(
    f"workflow {kind}" for kind in ("training jobs", "processing jobs", "log streams", "tables", "data")
)
SHARED = frozenset(("setup stacks", "repositories", "buckets", "keys", "work folders"))


@dataclass(frozen=True)
class Scope:
    """What is to be removed: one model, all with the workflows, or the workflows alone; without data or with it."""

    session: Session
    pipelines: tuple[Names, ...]
    others: tuple[Names, ...]
    """The models that stay."""
    whole: bool
    data: bool
    lift: bool = False
    """Whether locks of evidence are lifted."""
    workflows_alone: bool = False
    locked: dict[str, Locked] = field(default_factory=dict)
    """Folder of evidence to the lock in it that ends last, of those that were found to be locked."""

    @property
    def name(self) -> str:
        """What a person types to agree."""
        if self.workflows_alone:
            return "workflows"
        return self.session.names.suffix if self.whole else self.session.names.model

    @property
    def title(self) -> str:
        suffix = self.session.names.suffix
        if self.workflows_alone:
            return f"the workflows of installation {suffix}"
        return f"installation {suffix}" if self.whole else f"model {self.name} of installation {suffix}"

    @property
    def models(self) -> tuple[Names, ...]:
        """All models of the installation."""
        return (*self.pipelines, *self.others)

    @property
    def with_workflows(self) -> bool:
        return self.whole or self.workflows_alone

    @property
    def data_kinds(self) -> frozenset[str]:
        """What goes with --data, beside what is shared."""
        if self.workflows_alone:
            return WORKFLOW_DATA
        return DATA | WORKFLOW_DATA if self.whole else DATA

    def goes(self, kind: str) -> bool:
        """What the models share goes with the last of the data; without it, a new model finds all it needs there."""
        if kind in WORKFLOWS:
            return self.with_workflows and (self.data or kind not in WORKFLOW_DATA)
        if kind in SHARED:
            return self.whole and self.data and not self.locked
        return self.data or kind not in DATA

    def command(self, *, data: bool | None = None, whole: bool | None = None, lift: bool | None = None) -> str:
        """The command for this, or for more than this."""
        options = [
            name
            for name, wanted in (
                ("--all", self.whole if whole is None else whole),
                ("--data", self.data if data is None else data),
                ("--locked", self.lift if lift is None else lift),
            )
            if wanted
        ]
        verb = "workflow destroy" if self.workflows_alone and not whole else "destroy"
        return self.session.command(" ".join([verb, *options]))

    def look(self) -> Inventory:
        return take_inventory(self.session, self.pipelines, self.others, whole=self.whole)

    def log_groups(self) -> list[str]:
        return [group for names in self.pipelines for group in find_log_groups(self.session, names)]

    def planned(self, inventory: Inventory) -> list[tuple[str, str]]:
        """Kind and name of what is to be removed."""
        return [
            (kind, name)
            for kind, names in inventory.by_kind()
            if self.goes(kind)
            for name in names
            if name not in self.locked
        ]


def say_locked(scope: Scope) -> None:
    """Say which evidence stays, how long, and what can be done about it."""
    if not scope.locked:
        return
    say, s3 = scope.session.output.say, scope.session.client("s3")
    ends = {folder: one.end(s3) for folder, one in scope.locked.items()}
    for folder, (end, mode) in ends.items():
        say(f"{folder} is locked ({mode}), the newest of it until {end:%Y-%m-%d}: it is kept for audits.")
    if scope.whole:
        say("So the setup stack stays, with its key: without the key nobody could read the evidence.")
    if any(mode == "COMPLIANCE" for _, mode in ends.values()):
        say("Nobody can lift a lock of COMPLIANCE; what is left can be removed after the lock ends.")
    elif not scope.lift:
        say(f"Lift the locks and remove it, if you are one of EvidenceKeepers or root: {scope.command(lift=True)}")
