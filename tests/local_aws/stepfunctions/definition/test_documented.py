"""What docs/state-machines.md says of definitions is what is checked."""

from __future__ import annotations

from local_aws.stepfunctions.definition.validation.states import FIELDS, JSONATA_ONLY, JSONPATH_ONLY
from tests.local_server import ROOT

COMMON = {"Type", "Comment", "QueryLanguage"}


def _row(kind: str) -> str:
    only = [FIELDS[kind] & set(names) for names in (JSONPATH_ONLY, JSONATA_ONLY)]
    both = FIELDS[kind] - COMMON - only[0] - only[1]
    cells = [", ".join(sorted(names)) or "none" for names in (both, *only)]
    return f"| {kind} | {' | '.join(cells)} |"


def test_the_table_of_fields_is_the_one_that_is_checked() -> None:
    page = (ROOT / "docs" / "state-machines.md").read_text(encoding="utf-8")
    lines = page.splitlines()
    assert [kind for kind in FIELDS if _row(kind) not in lines] == []
