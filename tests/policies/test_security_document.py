"""docs/security.md against the templates and the lists that it shows."""

from __future__ import annotations

import pytest
from slipway.stacks.grants import Grant, grants_of
from slipway.stacks.unexercised import UNEXERCISED
from slipway.stacks.unexercised_grant import Unexercised

from tests.cloudformation import templates
from tests.policies.rendering import all_identity_policies
from tests.policies.tables import DOCUMENT, sections, skipped, written

# What may be excepted at all, with what has to be true for it.
EXCEPTED_CHECKS = {
    "CKV_AWS_18": "the bucket of the access logs",
    "CKV_AWS_32": "a policy that denies everyone, which the check takes for one that allows",
    "CKV_AWS_115": "functions that CodePipeline invokes one at a time, or that may meet themselves",
    "CKV_AWS_116": "functions whose events hold credentials",
    "CKV_AWS_117": "functions that talk to AWS APIs only",
    "CKV_AWS_316": "the project that runs Docker, where it is asked for",
}
# The rule takes definitions for the partition aws alone.
WITHOUT_PARTITION = {"cfn-lint": {"config": {"ignore_checks": ["E3601"]}}}


@pytest.mark.parametrize("section", sections())
def test_tables_are_those_of_the_templates(section: str) -> None:
    assert written(section) == sections()[section], "write them anew: python -m tests.policies.tables"


def test_the_document_is_short() -> None:
    assert len(DOCUMENT.read_text(encoding="utf-8").splitlines()) < 180


def test_every_exception_has_a_reason_and_is_of_a_known_kind() -> None:
    assert {check for check, _ in skipped(*templates.NAMES)} == set(EXCEPTED_CHECKS)
    assert all(len(reason.split()) > 3 for _, reason in skipped(*templates.NAMES))


def test_checkov_is_excepted_by_resource_and_cfn_lint_for_definitions_alone() -> None:
    """A file `.checkov.yml`, `.cfnlintrc` or a template's Metadata would except where nobody looks."""
    configured = [*templates.ROOT.glob(".checkov*"), *templates.ROOT.glob(".cfnlintrc*")]
    assert [path.name for path in configured if not path.is_dir()] == []
    for name in templates.NAMES:
        template = templates.load(name)
        assert set(template["Metadata"]) == {"AWS::CloudFormation::Interface"}
        told = {i: resource["Metadata"] for i, resource in template["Resources"].items() if "Metadata" in resource}
        assert {i: found for i, found in told.items() if found != WITHOUT_PARTITION} == {}
        assert set(told) <= set(templates.of_type(template, "AWS::StepFunctions::StateMachine"))


def all_grants() -> list[Grant]:
    return [
        grant
        for policy in all_identity_policies("aws")
        for grant in grants_of(policy.role, policy.name, policy.document)
    ]


@pytest.mark.parametrize("entry", UNEXERCISED, ids=lambda entry: f"{entry.role} {entry.policy} {entry.action}")
def test_what_stays_unused_is_granted(entry: Unexercised) -> None:
    assert any(
        entry.covers(grant) or any(entry.covers_resource(grant.role, grant.policy, each) for each in grant.resources)
        for grant in all_grants()
    )
