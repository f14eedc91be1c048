from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline_lambdas.report.kit import text

NUMBERS = st.floats(-1e12, 1e12, allow_nan=False)
WRITTEN = str.maketrans("\N{MINUS SIGN}⁻⁰¹²³⁴⁵⁶⁷⁸⁹", "--0123456789")


def read_back(written: str) -> float:
    """The number that a person reads."""
    return float(written.replace(",", "").replace("\N{MULTIPLICATION SIGN}10", "e").translate(WRITTEN))


@pytest.mark.parametrize(
    ("value", "written"),
    [
        (None, "\N{EN DASH}"),
        (0.0, "0"),
        (0.638124, "0.6381"),
        (-0.5, "\N{MINUS SIGN}0.5000"),
        (37.671, "37.67"),
        (500.0, "500"),
        (1234567.0, "1,234,567"),
        (0.0003, "0.0003"),
        (0.00012345678, "0.0001235"),
        (1.234567e-7, "1.235\N{MULTIPLICATION SIGN}10⁻⁷"),
        (1e20, "1.000\N{MULTIPLICATION SIGN}10²⁰"),
    ],
)
def test_numbers_have_four_digits(value: float | None, written: str) -> None:
    assert text.number(value) == written


@given(NUMBERS)
def test_a_written_number_is_within_its_digits(value: float) -> None:
    read = read_back(text.number(value))
    assert read == pytest.approx(value, rel=6e-4)


@pytest.mark.parametrize(
    ("value", "bound", "written"),
    [(0.6381, 0.75, "0.6381"), (0.750001, 0.75, "0.750001"), (0.7499999, 0.75, "0.7499999"), (0.75, 0.75, "0.7500")],
)
def test_a_value_is_written_apart_from_its_bound(value: float, bound: float, written: str) -> None:
    assert text.apart(value, bound) == written


@given(NUMBERS, NUMBERS)
def test_a_written_value_stays_on_its_side_of_the_bound(value: float, bound: float) -> None:
    read = read_back(text.apart(value, bound))
    if abs(value - bound) > 1e-9 * abs(value):
        assert (read < bound) == (value < bound)


@pytest.mark.parametrize(
    ("low", "high", "written"),
    [
        (0.5871, 0.69, "0.5871 to 0.6900"),
        (-7.91, 1.402, "\N{MINUS SIGN}7.910 to 1.402"),
        (None, 2.0, "\N{EN DASH} to 2.000"),
        (None, None, "\N{EN DASH}"),
        (0.0, 0.0, "0 to 0"),
    ],
)
def test_intervals_have_the_same_decimals(low: float | None, high: float | None, written: str) -> None:
    assert text.between(low, high) == written


@pytest.mark.parametrize(
    ("seconds", "written"),
    [
        (None, "\N{EN DASH}"),
        (0.44, "0.4 s"),
        (59.0, "59 s"),
        (59.7, "60 s"),
        (60.0, "1 min 00 s"),
        (185.0, "3 min 05 s"),
        (7800.0, "2 h 10 min"),
        (273_600.0, "3 d 4 h"),
    ],
)
def test_durations(seconds: float | None, written: str) -> None:
    assert text.duration(seconds) == written


@pytest.mark.parametrize(
    ("size", "written"), [(None, "\N{EN DASH}"), (512, "512 bytes"), (48_213, "48.2 kB"), (3_140_000_000, "3.14 GB")]
)
def test_sizes(size: float | None, written: str) -> None:
    assert text.size(size) == written


@pytest.mark.parametrize(
    ("value", "written"), [(1.25, "1.25 % worse"), (-3.214, "3.21 % better"), (0.0, "the same"), (None, "\N{EN DASH}")]
)
def test_worse_is_said_in_words(value: float | None, written: str) -> None:
    assert text.worse(value).replace("\N{NO-BREAK SPACE}", " ") == written


@pytest.mark.parametrize(
    ("written", "moment"),
    [
        ("2025-03-04T15:00:00.120000+00:00", "2025-03-04 15:00:00 UTC"),
        ("2025-03-04T16:00:00+01:00", "2025-03-04 15:00:00 UTC"),
        ("2025-03-04T15:00:00Z", "2025-03-04 15:00:00 UTC"),
        ("0001-01-01T00:00:00+14:00", "0001-01-01T00:00:00+14:00"),
        ("yesterday", "yesterday"),
        ("", "\N{EN DASH}"),
    ],
)
def test_moments_are_utc(written: str, moment: str) -> None:
    assert text.moment(written) == moment


def test_long_texts_are_cut_between_words() -> None:
    assert text.shortened("rmse is  above\nthe bound", 100) == "rmse is above the bound"
    assert text.shortened("rmse is above the bound", 16) == "rmse is above\N{HORIZONTAL ELLIPSIS}"
    assert text.shortened("x" * 50, 10) == "x" * 9 + "\N{HORIZONTAL ELLIPSIS}"


@pytest.mark.parametrize(
    ("trigger", "words"),
    [
        (
            {"type": "CloudWatchEvent", "detail": "arn:aws:events:us-east-1:1:rule/p-training-config"},
            "push to training-config",
        ),
        ({"type": "CloudWatchEvent", "detail": "arn:aws:events:us-east-1:1:rule/p-retraining"}, "schedule"),
        ({"type": "CloudWatchEvent", "detail": "arn:aws:events:us-east-1:1:rule/other"}, "rule other"),
        (
            {"type": "WebhookV2", "detail": "arn:aws:codeconnections:us-east-1:1:connection/x"},
            "push to a connected repository",
        ),
        ({"type": "CloudWatchEvent", "detail": "arn:aws:events:us-east-1:1:rule/p-dataset"}, "new dataset"),
        ({"type": "CloudWatchEvent", "detail": ""}, "an event"),
        ({"type": "CreatePipeline", "detail": "p"}, "the pipeline was created (p)"),
        (
            {"type": "StartPipelineExecution", "detail": "arn:aws:iam::1:user/alice"},
            "by hand (alice)",
        ),
        (
            {
                "type": "StartPipelineExecution",
                "detail": "arn:aws:sts::1:assumed-role/r/q",
                "execution": "arn:aws:states:us-east-1:111122223333:execution:drift:monday",
            },
            "workflow drift:monday",
        ),
        ({"type": "Webhook", "detail": None}, "Webhook"),
        (None, "not known"),
    ],
)
def test_who_started_a_release(trigger: dict[str, str] | None, words: str) -> None:
    assert text.trigger({"pipeline": "p", "trigger": trigger}) == words


@pytest.mark.parametrize(
    ("arn", "name"),
    [
        ("arn:aws:iam::111122223333:user/alice", "alice"),
        ("arn:aws:iam::111122223333:user/people/of/alice", "alice"),
        ("arn:aws:sts::111122223333:assumed-role/AWSReservedSSO_Reviewers_1f/alice@example.com", "alice@example.com"),
        ("arn:aws-cn:sts::111122223333:federated-user/bob", "bob"),
        ("arn:aws:iam::111122223333:root", "the account's root user"),
        ("arn:aws:s3:::bucket/key", "arn:aws:s3:::bucket/key"),
        ("alice", "alice"),
        ("arn:aws:iam", "arn:aws:iam"),
        ("", ""),
    ],
)
def test_people_have_names(arn: str, name: str) -> None:
    assert text.person(arn) == name


@pytest.mark.parametrize(
    ("low", "high", "words"),
    [
        (0.41, 3.92, "0.41 to 3.92 % worse"),
        (-3.92, -0.41, "0.41 to 3.92 % better"),
        (-7.91, 1.402, "7.91 % better to 1.4 % worse"),
        (0.0, 2.0, "0 to 2 % worse"),
        (0.0, 0.0, "the same"),
        (None, 2.0, "\N{EN DASH} to 2 % worse"),
    ],
)
def test_an_interval_of_a_difference_is_said_once(low: float | None, high: float, words: str) -> None:
    assert text.worse_between(low, high).replace("\N{NO-BREAK SPACE}", " ") == words


@pytest.mark.parametrize(
    ("value", "written"),
    [
        (12.3, "12.30 USD"),
        (0.01, "0.01 USD"),
        (0.000032, "under 0.01 USD"),
        (0.0, "0.00 USD"),
        (1234.5, "1,234.50 USD"),
    ],
)
def test_amounts_have_cents(value: float, written: str) -> None:
    assert text.money(value, "USD").replace("\N{NO-BREAK SPACE}", " ") == written
