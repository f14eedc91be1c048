"""Formats numbers, times and names for people."""

from __future__ import annotations

import math
import re
from datetime import UTC, datetime

from pipeline_lambdas.report.kit.reading import Document, string

NONE = "\N{EN DASH}"
MINUS = "\N{MINUS SIGN}"
SPACE = "\N{NO-BREAK SPACE}"
PERCENT = f"{SPACE}%"
INTERVAL = f"95{PERCENT} interval"
TIMES = "\N{MULTIPLICATION SIGN}"
_SHORT_HASH_CHARACTERS = 16
# Control characters (a terminal obeys them) but for tab and newline, separators of lines, surrogates and noncharacters
# (no encoding holds them), and marks of direction, with which a text could show itself in another order than it is
# written in: https://www.unicode.org/reports/tr9/#Directional_Formatting_Characters
UNSEEN = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff\ufdd0-\ufdef\ufffe\uffff]"
)
"""What a text that others wrote may not bring along to a page or a terminal."""
_SUPERSCRIPT = str.maketrans("-0123456789", "\N{SUPERSCRIPT MINUS}⁰¹²³⁴⁵⁶⁷⁸⁹")
_STARTED_BY_RULE = {
    "training-config": "push to training-config",
    "pipeline-lambdas": "push to pipeline-lambdas",
    "inference-lambdas": "push to inference-lambdas",
    "dataset": "new dataset",
    "retraining": "schedule",
    "start-release": "a push or new dataset",
}
"""What the rules of the pipeline stack and the sessions of start-release mean, by the ends of their names."""
_STARTED_BY = {
    "WebhookV2": "push to a connected repository",
    "CreatePipeline": "the pipeline was created",
    "StartPipelineExecution": "by hand",
    "ManualRollback": "rollback by hand",
    "AutomatedRollback": "automatic rollback",
}


def decimals(value: float, digits: int = 4) -> int:
    """Return how many decimals show a value with the given significant digits."""
    if not value:
        return 0
    return max(0, digits - 1 - math.floor(math.log10(abs(value))))


def number(value: float | None, digits: int = 4) -> str:
    """Format a number with some significant digits: 0.6381, 1,234, 0.0003; very small ones with a power of ten."""
    if value is None:
        return NONE
    if value and not 1e-4 <= abs(value) < 1e15:
        mantissa, _, power = f"{value:.{digits - 1}e}".partition("e")
        return f"{mantissa.replace('-', MINUS)}{TIMES}10{superscript(int(power))}"
    places = decimals(value, digits) if value % 1 else 0
    written = fixed(value, places)
    return written.rstrip("0") if places > digits else written


def superscript(power: int) -> str:
    return str(power).translate(_SUPERSCRIPT)


def plain(value: float | None, digits: int = 4) -> str:
    """Format a number without trailing zeros: 9.5, 0.0031."""
    written = number(value, digits)
    return written.rstrip("0").rstrip(".") if "." in written and TIMES not in written else written


def fixed(value: float, places: int) -> str:
    """Format a number with the given decimals; a value rounded to zero has no sign."""
    written = f"{value:,.{places}f}"
    return written.lstrip("-") if not written.strip("-0.,") else written.replace("-", MINUS)


def bound(value: float) -> str:
    """Format a number as a config writes it."""
    return f"{value:,.12g}".replace("-", MINUS)


def apart(value: float | None, *bounds: float | None) -> str:
    """Format a value with enough digits to show on which side of the bounds it is."""
    if value is None:
        return NONE
    others = [one for one in bounds if one is not None and one != value]
    enough = (
        digits
        for digits in range(4, 17)
        if all(
            (rounded := float(f"{value:.{digits - 1}e}")) != one and (rounded < one) == (value < one) for one in others
        )
    )
    return number(value, next(enough, 17))


def between(low: float | None, high: float | None, digits: int = 4) -> str:
    """Format an interval, both ends with the decimals of the greater."""
    known = [abs(side) for side in (low, high) if side]
    if low is None and high is None:
        return NONE
    places = decimals(max(known, default=0.0), digits)
    sides = [NONE if side is None else fixed(side, places) if places < 12 else number(side) for side in (low, high)]
    return " to ".join(sides)


def percent(share: float | None) -> str:
    """Format a share between 0 and 1."""
    return NONE if share is None else f"{plain(100 * share, 3)}{PERCENT}"


def signed_percent(value: float | None) -> str:
    """Format a difference in per cent, with its sign."""
    if value is None:
        return NONE
    return f"{'+' if value > 0 else ''}{plain(value, 3)}{PERCENT}"


def worse(value: float | None) -> str:
    """Say by how many per cent a model is worse than another."""
    if value is None:
        return NONE
    if not value:
        return "the same"
    return f"{plain(abs(value), 3)}{PERCENT} {'worse' if value > 0 else 'better'}"


def worse_between(low: float | None, high: float | None) -> str:
    """Format an interval of how much worse a model is, per cent: 0.4 to 3.9 % worse, 2 % better to 1 % worse."""
    if low is None or high is None or low < 0 < high:
        return f"{worse(low)} to {worse(high)}"
    if not low and not high:
        return worse(0.0)
    near, far = sorted((abs(low), abs(high)))
    return f"{plain(near, 3)} to {plain(far, 3)}{PERCENT} {'worse' if high > 0 else 'better'}"


def money(value: float | None, currency: str) -> str:
    """Format an amount: 12.30 USD, under 0.01 USD."""
    if value is None:
        return NONE
    written = f"{value:,.2f}" if not value or value >= 0.01 else "under 0.01"
    return f"{written}{SPACE}{currency}".rstrip()


def champion_bound(limit: float, require: str) -> str:
    """Describe what a gate against the champion allows: it looks at the interval, so the value itself may exceed it."""
    strict = require == "shown-not-worse"
    return f"{'clearly at most' if strict else 'not clearly over'} {bound(limit)}{PERCENT} worse"


def rows(count: float | None) -> str:
    """Format a number of rows."""
    if count is None:
        return "an unknown number of rows"
    return f"{count:,.0f} row" if count == 1 else f"{count:,.0f} rows"


def times(count: int, word: str) -> str:
    """Format a number of things: 1 gate, 2 gates."""
    return f"{count:,} {word}" if count == 1 else f"{count:,} {word}s"


def size(size_bytes: float | None) -> str:
    """Format a size in bytes: 512 bytes, 48.2 kB, 3.1 GB."""
    if size_bytes is None:
        return NONE
    if size_bytes < 1000:
        return f"{size_bytes:.0f} bytes"
    power = min(4, int(math.log10(size_bytes) // 3))
    return f"{number(size_bytes / 1000**power, 3)} {('kB', 'MB', 'GB', 'TB')[power - 1]}"


def duration(seconds: float | None) -> str:
    """Format seconds: 0.4 s, 12 s, 3 min 05 s, 2 h 10 min, 3 d 4 h."""
    if seconds is None:
        return NONE
    if seconds < 10:
        return f"{seconds:.1f} s"
    if seconds < 60:
        return f"{seconds:.0f} s"
    minutes, rest = divmod(round(seconds), 60)
    if minutes < 60:
        return f"{minutes} min {rest:02d} s"
    hours, minutes = divmod(minutes, 60)
    return f"{hours} h {minutes:02d} min" if hours < 48 else f"{hours // 24} d {hours % 24} h"


def moment(written: str) -> str:
    """Format a time of ISO 8601 to the second, in UTC; return any other text unchanged."""
    found = parsed(written)
    return f"{found:%Y-%m-%d %H:%M:%S} UTC" if found else written or NONE


def parsed(written: str) -> datetime | None:
    """Parse a time of ISO 8601, in UTC unless it names a zone; None if it is not one."""
    try:
        found = datetime.fromisoformat(written)
        return found.astimezone(UTC) if found.tzinfo else found.replace(tzinfo=UTC)
    except (ValueError, OverflowError):
        return None


def seconds_between(started: str, ended: str) -> float | None:
    """Return the seconds between two times of ISO 8601, None if either is not known."""
    first, last = parsed(started), parsed(ended)
    return max(0.0, (last - first).total_seconds()) if first and last else None


def short_hash(sha256: str) -> str:
    return sha256[:_SHORT_HASH_CHARACTERS]


def shortened(words: str, most: int) -> str:
    """Cut a text that is too long, at a space if it has one, and mark the cut."""
    words = " ".join(words.split())
    if len(words) <= most:
        return words
    cut = words[: most - 1]
    head, _, _ = cut.rpartition(" ")
    return (head if len(head) > most // 2 else cut).rstrip(" ,;:") + "\N{HORIZONTAL ELLIPSIS}"


def person(arn: str) -> str:
    """Return the name in an ARN of IAM or STS: of the user, or of a role's session; return any other text unchanged.

    https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_identifiers.html
    """
    service, _, rest = arn.partition(":")[2].partition(":")[2].partition(":")
    if not arn.startswith("arn:") or service not in {"iam", "sts"}:
        return arn
    resource = rest.lstrip(":").partition(":")[2]
    if resource == "root":
        return "the account's root user"
    return resource.rpartition("/")[2] or arn


def started_by(kind: str, detail: str, pipeline: str, workflow: str = "") -> str:
    """Say what started an execution; empty if it is not known. `workflow` is the ARN of a state machine's execution.

    The trigger detail of an event is the rule's ARN. The function start-release, the target of the rules for pushes and
    datasets, names its session after the rule. The trigger detail of a push through a connection is the connection,
    which may serve all three repositories:
    https://docs.aws.amazon.com/codepipeline/latest/APIReference/API_ExecutionTrigger.html
    """
    if workflow:
        return f"workflow {workflow.partition(':execution:')[2]}"
    name = rule_of(detail, pipeline)
    if kind == "CloudWatchEvent":
        rule = detail.partition(":rule/")[2]
        return _STARTED_BY_RULE.get(name, f"rule {rule}" if rule else "an event")
    words = _STARTED_BY_RULE.get(name) if kind == "StartPipelineExecution" else None
    return words or _STARTED_BY.get(kind, kind)


def rule_of(detail: str, pipeline: str) -> str:
    """Return the rule that a trigger's detail names, itself or by its session, without the pipeline's name; or "".

    https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_identifiers.html
    """
    role, _, session = detail.partition(":assumed-role/")[2].partition("/")
    rule = detail.partition(":rule/")[2] or (session if role else "")
    return rule.removeprefix(f"{pipeline}-") if rule.startswith(f"{pipeline}-") else ""


def trigger(record: Document) -> str:
    """Say what started a release, and who if it is known."""
    kind, detail = string(record, "trigger", "type"), string(record, "trigger", "detail")
    pipeline = string(record, "pipeline")
    workflow = string(record, "trigger", "execution")
    words = started_by(kind, detail, pipeline, workflow) or "not known"
    named = (
        not workflow
        and kind not in {"CloudWatchEvent", "WebhookV2"}
        and detail
        and rule_of(detail, pipeline) not in _STARTED_BY_RULE
    )
    return f"{words} ({person(detail)})" if named else words
