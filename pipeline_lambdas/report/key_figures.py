"""The figures that a person looks for first: the key metric, the champion, the commit, the approval."""

from __future__ import annotations

from pipeline_lambdas.report.gates import about
from pipeline_lambdas.report.kit import text
from pipeline_lambdas.report.kit.markup import Child, Html, el
from pipeline_lambdas.report.kit.reading import Document, documents, mapping, number, string
from pipeline_lambdas.report.verdict import environment_name

_MESSAGE_CHARACTERS = 90
_REASON_CHARACTERS = 120
_DECISIONS = {
    "Approved": "Approved by",
    "Rejected": "Rejected by",
    "Waiting": "Approval",
    "Expired": "Approval",
    "Abandoned": "Approval",
}
_UNANSWERED = {"Waiting": "open", "Expired": "nobody answered in time", "Abandoned": "abandoned"}


def key_figures(record: Document, evaluation: Document, test: Document) -> Html:
    """Return up to four figures; `evaluation` is the main one, `test` the one that compares with the champion."""
    metric = key_metric(test or evaluation)
    found = [_metric(evaluation, metric), _champion(test, metric), _commit(record), _approval(record)]
    return el("dl", *(one for one in found if one), class_="key")


def key_metric(evaluation: Document) -> str:
    """Return the metric that stands for the release: the first with a gate, else the first that is known."""
    metrics = mapping(evaluation, "metrics")
    gated = (string(gate, "metric") for gate in documents(evaluation, "gates") if string(gate, "kind") == "bound")
    known = [name for name in (*gated, *metrics) if number(metrics, name) is not None]
    return known[0] if known else ""


def source_of(record: Document) -> Document:
    """Return the source whose push started a release, else that of the training config."""
    sources = documents(record, "sources")
    pushed = _plain(text.rule_of(string(record, "trigger", "detail"), string(record, "pipeline")))
    by_name = {_plain(string(source, "action")): source for source in sources}
    return by_name.get(pushed) or by_name.get("trainingconfig") or next(iter(sources), {})


def _plain(name: str) -> str:
    return "".join(filter(str.isalnum, name)).lower()


def _figure(name: str, value: Child, *more: Child, tone: str | None = None) -> Html:
    told = (el("dd", part, class_="more") for part in more if part)
    return el("div", el("dt", name), el("dd", value, class_=f"value {tone}" if tone else "value"), *told)


def _metric(evaluation: Document, metric: str) -> Html | None:
    value = number(evaluation, "metrics", metric)
    if value is None:
        return None
    interval = mapping(evaluation, "intervals", metric)
    low, high = number(interval, "low"), number(interval, "high")
    name = f"{metric} on {environment_name(string(evaluation, 'environment'))}"
    within = f"{text.INTERVAL} {text.between(low, high)}" if low is not None or high is not None else ""
    return _figure(name, text.number(value), within, about(evaluation))


def _champion(test: Document, metric: str) -> Html | None:
    found, name = mapping(test, "champion"), "Against the champion"
    status = string(found, "status")
    if status == "none":
        return _figure(name, "No champion yet", "This is the first model, so nothing was compared.")
    if status == "failed":
        return _figure(name, "Not compared", text.shortened(string(found, "reason"), _REASON_CHARACTERS), tone="bad")
    differing = mapping(found, "differences")
    shown = metric if metric in differing else next(iter(differing), "")
    worse = number(differing, shown, "worse_percent")
    if worse is None:
        return None
    low, high = number(differing, shown, "low"), number(differing, shown, "high")
    within = f"{text.INTERVAL} {text.worse_between(low, high)}" if low is not None or high is not None else ""
    said, tone = _shown(low, high)
    return _figure(name, f"{shown} {text.worse(worse)}", within, said, tone=tone)


def _shown(low: float | None, high: float | None) -> tuple[str, str | None]:
    """Describe what an interval shows."""
    if low is None or high is None:
        return "", None
    if low > 0:
        return "Shown to be worse: chance does not explain it.", "warn"
    if high < 0:
        return "Shown to be better: chance does not explain it.", "good"
    return "Not shown to be better or worse.", None


def _commit(record: Document) -> Html | None:
    source = source_of(record)
    summary, revision = string(source, "summary"), string(source, "revision")
    if not revision:
        return None
    author = string(source, "author")
    by = f"by {author}, " if author else ""
    message = text.shortened(summary.strip().partition("\n")[0], _MESSAGE_CHARACTERS)
    where = string(source, "action")
    told = f"{by}{revision[:7]}{f' in {where}' if where else ''}"
    return _figure("Commit", message or revision[:7], told, tone="words")


def _approval(record: Document) -> Html | None:
    found = mapping(record, "approval")
    status = string(found, "status")
    if status not in _DECISIONS:
        return None
    by = text.person(string(found, "by"))
    answered = status not in _UNANSWERED
    at = text.moment(string(found, "at")) if answered and string(found, "at") else ""
    reason = text.shortened(string(found, "reason"), _REASON_CHARACTERS)
    return _figure(
        _DECISIONS[status], (by or "not known") if answered else _UNANSWERED[status].capitalize(), reason, at
    )
