"""What speaks for a release and against it: the pieces of its report, where a person decides."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from pipeline_lambdas.evidence import keys
from pipeline_lambdas.evidence.judgement import FULLEST_FIRST
from pipeline_lambdas.report import gates, judged, lineage
from pipeline_lambdas.report.key_figures import key_figures
from pipeline_lambdas.report.kit.markup import Html, el
from pipeline_lambdas.report.kit.reading import Document, mapping
from pipeline_lambdas.report.kit.tables import SIGNS, Section, facts, section
from pipeline_lambdas.report.verdict import verdict
from slipway.console.kept import Kept
from slipway.console.releases.subject import Seen, Subject
from slipway.console.shell import at, to
from slipway.releases.records import find_record, read_version

_RECORDS = Kept[Mapping[str, Any] | None](32)
"""Records are long, and few are looked at again and again."""


@dataclass(frozen=True, slots=True)
class Evidence:
    """A release's record, and its evaluations, the fullest first."""

    record: Document
    evaluations: Mapping[str, Document]

    @property
    def main(self) -> Document:
        return next(iter(self.evaluations.values()), {})


def load_evidence(about: Subject, seen: Seen) -> Evidence | None:
    """Return the evidence of a model's release; None before there is any."""
    record = _record(about, seen) if about.model else None
    if record is None:
        return None
    found = mapping(record, "evaluations")
    return Evidence(record, {name: one for name in FULLEST_FIRST if (one := mapping(found, name))})


def _record(about: Subject, seen: Seen) -> Mapping[str, Any] | None:
    """Return the record: of a release that goes on the version that its action reported, which nobody can change."""
    run = seen.run
    if run.running:
        return _draft(about, seen)
    # Another try ends later than the one before, and leaves another record.
    ended = max((one["lastUpdateTime"] for one in seen.attempts if "lastUpdateTime" in one), default=None)
    return _RECORDS.get(
        (*about.key, run.id, run.status, ended),
        lambda: find_record(about.session, run.id),
        lambda found: found is not None and found["sequence"] is not None and found["status"] == run.status,
    )


def _draft(about: Subject, seen: Seen) -> Mapping[str, Any] | None:
    """Return the draft; before there is one, the record of an earlier try."""
    version = seen.run.variable("RecordVersionId")
    if not version:
        return find_record(about.session, seen.run.id, going_on=True) if _was_tried_before(seen) else None
    return _RECORDS.get(
        (*about.key, seen.run.id, version),
        lambda: _read_draft(about, seen.run.id, version),
        lambda found: found is not None,
    )


def _read_draft(about: Subject, run_id: str, version: str) -> Mapping[str, Any] | None:
    content = read_version(about.session, keys.draft_record(about.model, run_id), version)
    found: Mapping[str, Any] | None = None if content is None else json.loads(content)
    return found


def _was_tried_before(seen: Seen) -> bool:
    return any(action.attempt > 1 for action in seen.run.actions)


def head(found: Evidence) -> Html:
    """Return the verdict and the key figures."""
    decided = verdict(found.record, found.evaluations)
    more = decided.reasons if len(decided.reasons) > 1 else ()
    said = el(
        "div",
        el("span", SIGNS[decided.tone], class_="sign", aria_hidden="true"),
        el(
            "div",
            el("p", decided.headline, class_="headline"),
            el("ul", *(el("li", reason) for reason in more)) if more else None,
        ),
        class_=f"verdict {decided.tone}",
    )
    figures = key_figures(found.record, found.main, mapping(found.evaluations, "test"))
    return el("div", said, figures, id="verdict")


def sections(about: Subject, found: Evidence, run_id: str) -> list[Section]:
    """Return gates, the comparison with the champion, slices, worst-predicted rows, cost, and where all came from."""
    test, main = mapping(found.evaluations, "test"), found.main
    where = [
        ("Report", to("The whole report", about.at_run(run_id, "report"))),
        ("Record", _address(about, found, run_id)),
    ]
    parts: list[Section | None] = [
        gates.gates(found.evaluations),
        judged.champion(test, found.record),
        judged.slices(main),
        judged.worst(main),
        section("cost", "Cost", lineage.cost(mapping(found.record, "cost"))),
        lineage.approval(found.record) if mapping(found.record, "approval") else None,
        section("record", "Record and report", facts(where)),
        lineage.sources(found.record),
        lineage.missing(found.record),
    ]
    return [part for part in parts if part is not None]


def _address(about: Subject, found: Evidence, run_id: str) -> Html:
    """Return a link to the record's object: the final one, or the draft."""
    final = found.record.get("sequence") is not None
    key = keys.record(about.model, run_id) if final else keys.draft_record(about.model, run_id)
    text = f"Number {found.record['sequence']} in the chain, as JSON" if final else "Not final yet, as JSON"
    return to(text, at("buckets", about.session.names.bucket("evidence"), "object", key=key))
