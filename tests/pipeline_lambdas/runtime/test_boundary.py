from __future__ import annotations

from dataclasses import dataclass

import pytest

from pipeline_lambdas.runtime.boundary import read_environment, read_parameters
from pipeline_lambdas.runtime.failures import ConfigurationError


@dataclass(frozen=True, slots=True)
class Site:
    data_bucket: str
    role_arn: str


@dataclass(frozen=True, slots=True)
class Parameters:
    kind: str
    name: str | None = None


def test_environment() -> None:
    assert read_environment(Site, {"DATA_BUCKET": "b", "ROLE_ARN": "r", "PATH": "/"}) == Site("b", "r")


@dataclass(frozen=True, slots=True)
class Alarmed:
    role_arn: str
    rollback_alarms: str = ""


@pytest.mark.parametrize(
    ("given", "alarms"), [({}, ""), ({"ROLLBACK_ALARMS": ""}, ""), ({"ROLLBACK_ALARMS": "a"}, "a")]
)
def test_a_variable_with_a_default_may_be_missing(given: dict[str, str], alarms: str) -> None:
    assert read_environment(Alarmed, {"ROLE_ARN": "r", **given}) == Alarmed("r", alarms)
    with pytest.raises(ConfigurationError, match=r"lacks ROLE_ARN\."):
        read_environment(Alarmed, given)


def test_all_missing_variables_are_reported_together() -> None:
    with pytest.raises(ConfigurationError, match=r"lacks DATA_BUCKET, ROLE_ARN\."):
        read_environment(Site, {"ROLE_ARN": ""})


def test_parameters() -> None:
    assert read_parameters(Parameters, '{"kind": "endpoint"}') == Parameters("endpoint")
    assert read_parameters(Parameters, '{"kind": "endpoint", "name": "n"}') == Parameters("endpoint", "n")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "lacks kind; allowed: kind, name"),
        ("{", "not JSON"),
        ("[]", "not an object"),
        ('{"kind": ""}', "lacks kind"),
        ('{"kind": 3}', "has kind that is not a text"),
        ('{"knid": "a", "name": "b"}', "lacks kind, has the unknown key knid"),
        ('{"kind": "a", "name": null}', "has name that is not a text"),
    ],
)
def test_bad_parameters(text: str, message: str) -> None:
    with pytest.raises(ConfigurationError, match=message):
        read_parameters(Parameters, text)
