"""The origin of a release, its actions and its cost, its changes, and the decision about it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from pipeline_lambdas.report import changes
from pipeline_lambdas.report.kit import text
from pipeline_lambdas.report.kit.markup import Child, Html, el, join, link
from pipeline_lambdas.report.kit.reading import Document, at, documents, items, mapping, number, string
from pipeline_lambdas.report.kit.svg import px
from pipeline_lambdas.report.kit.tables import Section, code, facts, note, section, table, word
from pipeline_lambdas.report.verdict import environment_name, last_attempts

_TRACK = 100.0


def sources(record: Document) -> Section | None:
    """Return the inputs and the results of the release."""
    rows = [
        [
            string(one, "action"),
            link(string(one, "revision"), string(one, "url")),
            string(one, "author"),
            _first_line(string(one, "summary")),
        ]
        for one in documents(record, "sources")
    ]
    job = mapping(record, "training")
    made = [
        ("Started by", code(string(record, "trigger", "execution"))),
        ("Data prepared by", code(string(record, "preparation", "execution"))),
        ("Dataset", code(string(record, "dataset", "sha256"))),
        ("Config", _named(string(record, "config", "file"), string(record, "config", "sha256"))),
        ("Image", code(string(job, "image_uri"))),
        ("Training job", code(string(job, "job"))),
        ("Model data", code(string(job, "model_data_url"))),
        ("Model package", _named(_version(record), string(record, "model_package", "arn"))),
        *(
            (f"Endpoint config on {environment_name(environment)}", code(string(name)))
            for environment, name in mapping(record, "endpoint_configs").items()
        ),
    ]
    return section(
        "lineage",
        "Lineage",
        table("sources", "Sources", ("Source", "Revision", "Author", "Summary"), rows, "k  w") if rows else None,
        facts(made) if any(value for _, value in made) else None,
    )


def _first_line(message: str) -> str:
    return message.strip().partition("\n")[0]


def _named(name: str, value: str) -> Html | None:
    return join(name, " ", code(value)) if name or value else None


def _version(record: Document) -> str:
    version = string(record, "model_package", "version")
    return f"Version {version}" if version else ""


def training(record: Document) -> Html | None:
    """Return the training job's facts and hyperparameters."""
    job = mapping(record, "training")
    if not job:
        return el("p", "No training job was started, or its description could not be read.")
    status, reason, volume = (string(job, name) for name in ("status", "failure_reason", "volume_gib"))
    count = number(job, "instance_count")
    metrics = (f"{name} {text.number(number(value))}" for name, value in mapping(job, "metrics").items())
    parameters = (f"{name} {string(value)}" for name, value in sorted(mapping(job, "hyperparameters").items()))
    told: list[tuple[str, Child]] = [
        ("Status", word(status) if status else None),
        ("Duration", _seconds(job, "seconds")),
        ("Billed", _seconds(job, "billable_seconds")),
        ("Saved by spot training", _saved(job)),
        ("Instances", (f"{count:,.0f} {text.TIMES} " if count else "") + string(job, "instance_type")),
        ("Volume", f"{volume} GiB" if volume else None),
        ("Image", code(image) if "@" in (image := string(job, "image_uri")) else None),
        ("Scan of the image", string(job, "image_scan")),
        ("Last metrics", ", ".join(metrics)),
        ("Hyperparameters", ", ".join(parameters)),
    ]
    return join(el("p", word("failed"), f" {reason}") if reason else None, facts(told))


def _seconds(job: Document, name: str) -> str | None:
    seconds = number(job, name)
    return None if seconds is None else text.duration(seconds)


def _saved(job: Document) -> str | None:
    """Return the savings as SageMaker's console shows them.

    https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_DescribeTrainingJob.html, BillableTimeInSeconds
    """
    seconds, billable = number(job, "seconds"), number(job, "billable_seconds")
    if at(job, "spot") is not True or not seconds or billable is None:
        return None
    return f"{(1 - billable / seconds) * 100:.1f} %"


def differences(record: Document, champion: Document | None) -> Section | None:
    """Return the changes of config and data since the champion's release."""
    title = "What changed since the champion"
    if champion is None:
        none = at(record, "champion") is None
        why = (
            "There is no champion yet, so there is nothing to compare with."
            if none
            else "The champion's record could not be read, so config and data cannot be compared."
        )
        return section("changes", title, el("p", why))
    release = string(champion, "execution_id")
    parts: list[Child] = [note(f"Compared with {f'release {release}' if release else 'a release that is not named'}.")]
    parts += _config_changes(at(champion, "config", "values"), at(record, "config", "values"))
    parts += _data_changes(at(champion, "dataset"), at(record, "dataset"))
    return section("changes", title, *parts)


def _config_changes(before: Any, after: Any) -> list[Child]:
    if not isinstance(before, Mapping) or not isinstance(after, Mapping):
        return [el("p", "Config: not known for both releases, so it cannot be compared.")]
    found = changes.changes(before, after)
    if not found:
        return [el("p", "Config: no value differs.")]
    rows = [[el("code", one.key), _value(one.before), _value(one.after), one.kind] for one in found]
    return [table("config-changes", "Config", ("Key", "Before", "After", "Change"), rows, "k  k")]


def _value(value: Any) -> str:
    if value is None:
        return text.NONE
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def _data_changes(before: Any, after: Any) -> list[Child]:
    if not isinstance(before, Mapping) or not isinstance(after, Mapping):
        return [el("p", "Data: not known for both releases, so it cannot be compared.")]
    hashes = string(before, "sha256"), string(after, "sha256")
    if hashes[0] and hashes[0] == hashes[1]:
        return [el("p", "Data: the same dataset, ", code(text.short_hash(hashes[0])), ".")]
    files = changes.file_changes(before, after)
    columns = changes.column_changes(before, after)
    told = [
        *(f"Column {name} is new." for name in columns.added),
        *(f"Column {name} is gone." for name in columns.removed),
        *(["The columns have another order."] if columns.moved else []),
    ]
    rows = [[el("code", one.path), one.kind, text.size(one.before_bytes), text.size(one.after_bytes)] for one in files]
    short = [text.short_hash(one) or "not known" for one in hashes]
    return [
        el("p", "Data: dataset ", code(short[0]), " became ", code(short[1]), "."),
        el("ul", *(el("li", line) for line in told)) if told else note("The columns are the same."),
        table("files", "Files", ("File", "Change", "Before", "After"), rows, "kknn")
        if rows
        else note("No file differs."),
    ]


def actions(record: Document) -> Section | None:
    """Return the actions of the pipeline, their durations and the cost."""
    found = last_attempts(record)
    longest = max((number(one, "seconds") or 0.0 for one in found if not _by_hand(one)), default=0.0)
    rows = [_action(one, longest) for one in found]
    headings = ("Action", "Status", "Started", "Duration", "Of the longest", "Attempt", "Message")
    return section(
        "actions",
        "Actions and cost",
        table("actions-table", "Actions", headings, rows, "kkkn nw") if rows else None,
        cost(mapping(record, "cost")),
    )


def _action(action: Document, longest: float) -> list[Child]:
    seconds, attempt = number(action, "seconds"), number(action, "attempt")
    said = string(action, "error_message") or _first_line(string(action, "summary"))
    code_ = string(action, "error_code")
    address, group = string(action, "log_url"), string(action, "log_group")
    # Without a link the name alone tells where to look, which nobody does while all is well.
    log = link("Log", address) if address else code(group) if string(action, "status") != "Succeeded" else None
    return [
        f"{string(action, 'stage')}/{string(action, 'action')}",
        word(string(action, "status")),
        text.moment(string(action, "started")),
        text.duration(seconds),
        None if seconds is None or _by_hand(action) else _track(seconds / longest if longest else 0.0),
        None if attempt is None or attempt == 1 else f"{attempt:.0f}",
        join(f"{code_}: " if code_ else None, said, join(" ", log) if log else None),
    ]


def _by_hand(action: Document) -> bool:
    """Tell whether a duration is that of a person, which says nothing about the pipeline's speed."""
    return string(action, "provider") == "Manual"


def _track(share: float) -> Html:
    bar = el("rect", width=px(max(0.5, _TRACK * share)), height=8, class_="fill data-1")
    return el("svg", bar, viewBox=f"0 0 {_TRACK:.0f} 8", class_="track", preserveAspectRatio="none", aria_hidden="true")


def cost(estimate: Document) -> Html | None:
    """Return what the release cost, part by part; None if that is not known."""
    currency = string(estimate, "currency")
    rows = [
        [name.replace("_", " ").capitalize(), text.money(value, currency)]
        for name, value in ((name, number(estimate, name)) for name in (*_parts_of(estimate), "total"))
        if value is not None
    ]
    if not rows:
        return None
    dated, words = string(estimate, "prices_dated"), string(estimate, "note")
    prices = f"Estimated with prices of {dated}. " if dated else "Estimated. "
    return join(table("cost", "Cost", ("Part", "Cost"), rows, "kn"), note(prices, words))


def _parts_of(estimate: Document) -> list[str]:
    return [name for name in estimate if name not in {"currency", "prices_dated", "total", "note"}]


def approval(record: Document) -> Section | None:
    """Return who decided, when, and why."""
    found = mapping(record, "approval")
    status = string(found, "status")
    if not found:
        return section(
            "approval", "Approval", el("p", "The pipeline had not asked for a decision when this page was written.")
        )
    told: list[tuple[str, Child]] = [
        ("Decision", word(status) if status else None),
        ("By", _who(string(found, "by"))),
        ("When", text.moment(string(found, "at")) if string(found, "at") else None),
        ("Reason", string(found, "reason")),
        ("Model package", string(record, "model_package", "approval_status")),
    ]
    return section("approval", "Approval", facts(told))


def _who(arn: str) -> Html | None:
    """Return a person's name, with the ARN that contains it."""
    if not arn:
        return None
    name = text.person(arn)
    return join(name) if name == arn else join(name, " ", el("span", f"({arn})", class_="none"))


def missing(record: Document) -> Section | None:
    """Return the facts that the record lacks."""
    lines = [el("li", string(line)) for line in items(record, "missing")]
    return section("missing", "What could not be read", el("ul", *lines)) if lines else None
