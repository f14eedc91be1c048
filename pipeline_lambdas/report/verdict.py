"""The verdict on a release, in words."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from pipeline_lambdas.evidence.actions import EVALUATIONS
from pipeline_lambdas.evidence.judgement import Worse, shown_worse, worse_words
from pipeline_lambdas.release.names import short_id
from pipeline_lambdas.report.kit import text
from pipeline_lambdas.report.kit.reading import Document, documents, mapping, number, string

Tone = Literal["good", "warn", "bad", "open"]
_HEADLINE_CHARACTERS = 220


@dataclass(frozen=True, slots=True)
class Verdict:
    """The verdict; `headline` is one or two sentences, `reasons` are all that speaks against the release."""

    tone: Tone
    headline: str
    reasons: tuple[str, ...] = ()


def verdict(record: Document, evaluations: Mapping[str, Document]) -> Verdict:
    """Return the verdict: a person's decision comes first, then the results of the actions, then those of the gates."""
    reasons = tuple(reason for evaluation in evaluations.values() for reason in failures(evaluation))
    gates, status = gates_text(evaluations), string(record, "status")
    decided = _decided(record, gates) or _failed(record, evaluations)
    if decided:
        return Verdict("bad", text.shortened(decided, _HEADLINE_CHARACTERS), reasons)
    if status in {"Stopped", "Cancelled", "Superseded"}:
        summary = string(record, "status_summary")
        told = f"{status}: {summary}" if summary else f"{status}."
        return Verdict("bad", text.shortened(told, _HEADLINE_CHARACTERS), reasons)
    if reasons:
        more = f" And {text.times(len(reasons) - 1, 'more reason')}." if len(reasons) > 1 else ""
        return Verdict("bad", text.shortened(f"Failed: {_ended(reasons[0])}{more}", _HEADLINE_CHARACTERS), reasons)
    if status == "Failed":
        return Verdict("bad", f"Failed; the record does not say where. {gates}")
    if string(record, "execution_type") == "ROLLBACK":
        return _rollback(record, status)
    return _unopposed(record, evaluations, gates, status)


def _unopposed(record: Document, evaluations: Mapping[str, Document], gates: str, status: str) -> Verdict:
    test = mapping(evaluations, "test")
    judged, worse = string(test, "verdict") == "passed", shown_worse(test)
    tone: Tone = "warn" if worse else "good" if judged or status == "Succeeded" else "open"
    if status == "Succeeded":
        by = text.person(string(record, "approval", "by"))
        approved = f" Approved by {by}." if by else ""
        return Verdict(tone, f"Released{f', though {_worse(worse)}' if worse else ''}. {gates}{approved}")
    if status != "InProgress" and string(record, "approval", "status") != "Waiting":
        return Verdict("open", f"The state of this release is not known. {gates}")
    said = f"Passed, but {_worse(worse)}." if worse else gates
    return Verdict(tone, f"{said} {_next(record, judged=judged)}")


def _worse(found: list[Worse]) -> str:
    return worse_words(found).replace(" %", text.PERCENT)


def _next(record: Document, *, judged: bool) -> str:
    approval = string(record, "approval", "status")
    if approval == "Waiting":
        return "Waiting for approval."
    if approval == "Approved":
        return "Approved, and on its way to Prod."
    return "Next is the approval." if judged else "Under way."


def gates_text(evaluations: Mapping[str, Document]) -> str:
    """Count the gates of all environments."""
    verdicts = [
        string(gate, "verdict") for evaluation in evaluations.values() for gate in documents(evaluation, "gates")
    ]
    judged = [one for one in verdicts if one != "not applicable"]
    passed = judged.count("passed")
    left_out = len(verdicts) - len(judged)
    note = f" ({left_out} not applicable)" if left_out else ""
    if not judged:
        return f"No gate was judged{note}."
    if passed < len(judged):
        return f"{passed} of {text.times(len(judged), 'gate')} passed{note}."
    return f"All {passed} gates passed{note}." if passed > 1 else f"The only gate passed{note}."


def failures(evaluation: Document) -> list[str]:
    """Return the reasons why an evaluation failed; empty if it passed."""
    if string(evaluation, "verdict") == "passed":
        return []
    reasons = [
        string(gate, "reason") or f"{string(gate, 'metric')} failed"
        for gate in documents(evaluation, "gates")
        if string(gate, "verdict") == "failed"
    ]
    unjudged = not any(string(gate, "metric") == "failed_share" for gate in documents(evaluation, "gates"))
    if unjudged and (failed := number(evaluation, "failed_rows")):
        reasons.append(f"predictions failed for {failed:,.0f} of {text.rows(number(evaluation, 'rows'))}")
    if not reasons and string(evaluation, "verdict") == "failed":
        reasons.append(f"the evaluation of {environment_name(string(evaluation, 'environment'))} failed")
    return reasons


def environment_name(environment: str) -> str:
    """Return an environment's name in the form that stages use: Dev."""
    return environment.capitalize() or "an unnamed environment"


def last_attempts(record: Document) -> list[Document]:
    """Return the last attempt of each action, in the order of the record."""
    last: dict[tuple[str, str], Document] = {}
    for action in documents(record, "actions"):
        place = (string(action, "stage"), string(action, "action"))
        known = last.get(place)
        if known is None or (number(action, "attempt") or 0) >= (number(known, "attempt") or 0):
            last[place] = action
    return list(last.values())


def _decided(record: Document, gates: str) -> str:
    approval = string(record, "approval", "status")
    reason, by = string(record, "approval", "reason"), text.person(string(record, "approval", "by"))
    if approval == "Rejected":
        return f"Rejected{f' by {by}' if by else ''}{f': {_ended(reason)}' if reason else '.'} {gates}"
    if approval == "Expired":
        return f"Not approved: nobody answered in time. {gates}"
    return ""


def _failed(record: Document, evaluations: Mapping[str, Document]) -> str:
    failed = next((one for one in last_attempts(record) if string(one, "status") in {"Failed", "Abandoned"}), None)
    if failed is None:
        return ""
    stage, action = string(failed, "stage"), string(failed, "action")
    evaluation = evaluations.get(stage.lower().removeprefix("deploy"), {})
    reasons = failures(evaluation) if action in EVALUATIONS else []
    if not reasons:
        reasons = [string(failed, "error_message") or string(failed, "summary") or "no reason was given"]
    more = f" And {text.times(len(reasons) - 1, 'more reason')}." if len(reasons) > 1 else ""
    kind = "Rollback failed" if string(record, "execution_type") == "ROLLBACK" else "Failed"
    return f"{kind} at {stage}/{action}: {_ended(reasons[0])}{more}"


def _rollback(record: Document, status: str) -> Verdict:
    target = string(record, "rollback_target")
    release = f"release {short_id(target)}" if target else "an earlier release"
    if status == "Succeeded":
        return Verdict("good", f"Rolled back: Prod serves the model of {release} again.")
    return Verdict("open", f"Rollback to {release} is under way.")


def _ended(sentence: str) -> str:
    return sentence if sentence.endswith((".", "!", "?")) else f"{sentence}."
