"""The patches of CloudFormation's templates, change sets and stacks."""

from __future__ import annotations

from local_aws.base.cloudformation import (
    interrupted_stacks,
    nested_stacks,
    replacements,
    template_checks,
    template_values,
)
from local_aws.base.patch import DOCS, TESTS, Patch

_STACK_OPERATIONS = "services.cloudformation.handlers._ACTION_HANDLERS"
PATCHES: tuple[Patch, ...] = (
    Patch(
        name="end_interrupted_stacks",
        replaces=("services.cloudformation.load_persisted_state",),
        why="A stack that a kill interrupts fails; MiniStack leaves it in progress, and nothing goes on with it.",
        source=f"{DOCS}/AWSCloudFormation/latest/UserGuide/view-stack-events.html",
        tests=(f"{TESTS}/cloudformation/test_interrupted_stacks.py::test_a_stack_under_way_at_a_kill_has_failed",),
        apply=lambda _: interrupted_stacks.end_interrupted_stacks(),
        late=True,
    ),
    Patch(
        name="report_replacements",
        replaces=("services.cloudformation.stacks._property_recreation",),
        why="A change set says which property replaces its resource; MiniStack says of many that each may.",
        source=f"{DOCS}/cloudformation-cli/latest/userguide/resource-type-schema.html",
        tests=(f"{TESTS}/cloudformation/test_change_sets.py::test_a_bucket_is_replaced_for_its_name_alone",),
        apply=lambda _: replacements.report_replacements(),
        late=True,
    ),
    Patch(
        name="resolve_conditions",
        replaces=("services.cloudformation.changesets._resolve_props_for_diff",),
        why="A resource whose condition is false is none of the stack; MiniStack compares all that are declared.",
        source=f"{DOCS}/AWSCloudFormation/latest/UserGuide/conditions-section-structure.html",
        tests=(
            f"{TESTS}/cloudformation/test_change_sets.py::test_a_resource_whose_condition_is_false_is_not_in_the_stack",
        ),
        apply=lambda _: replacements.resolve_conditions(),
        late=True,
    ),
    Patch(
        name="check_values",
        replaces=(
            "services.cloudformation.handlers._resolve_parameters",
            "services.cloudformation.changesets._resolve_parameters",
            "services.cloudformation.stacks._resolve_refs",
            "services.cloudformation.handlers._imported_export_names",
            f"{_STACK_OPERATIONS}[DeleteStack]",
        ),
        why="Parameters that the template does not have, and exports in use, are refused, in CloudFormation's words.",
        source=f"{DOCS}/AWSCloudFormation/latest/UserGuide/parameters-section-structure.html",
        tests=(
            f"{TESTS}/cloudformation/test_values.py::test_parameters",
            f"{TESTS}/cloudformation/test_values.py::test_exports",
        ),
        apply=lambda _: template_values.check_values(),
        late=True,
    ),
    Patch(
        name="check_templates",
        replaces=(
            *(f"{_STACK_OPERATIONS}[{name}]" for name in template_checks.OPERATIONS),
            "services.cloudformation.handlers.validate_template_support",
            "services.cloudformation.changesets.validate_template_support",
            "services.cloudformation.stacks._validation_errors",
            "services.cloudformation.handle_request",
        ),
        why="An invalid template is refused, and wrong properties fail the stack before it makes anything.",
        source=f"{DOCS}/AWSCloudFormation/latest/UserGuide/validate-stack-deployments.html",
        tests=(
            f"{TESTS}/cloudformation/test_templates.py::test_a_template_that_is_invalid_is_refused_at_once",
            f"{TESTS}/cloudformation/test_templates.py::test_a_stack_whose_properties_are_wrong_fails_before_it_makes_anything",
        ),
        apply=lambda parts: template_checks.check_templates(parts.templates),
        late=True,
    ),
    Patch(
        name="describe_change_set_events",
        replaces=("services.cloudformation.handlers._resolve_stack", f"{_STACK_OPERATIONS}[DescribeEvents]"),
        why="DescribeEvents tells of a change set; MiniStack's does not know any.",
        source=f"{DOCS}/AWSCloudFormation/latest/APIReference/API_DescribeEvents.html",
        tests=(
            f"{TESTS}/cloudformation/test_templates.py::test_a_stack_whose_properties_are_wrong_fails_before_it_makes_anything",
        ),
        apply=lambda _: template_checks.describe_change_set_events(),
        late=True,
    ),
    Patch(
        name="name_parents",
        replaces=tuple(f"{_STACK_OPERATIONS}[{name}]" for name in nested_stacks.OPERATIONS),
        why="A nested stack names its parent and its root; MiniStack's answers leave them out.",
        source=f"{DOCS}/AWSCloudFormation/latest/APIReference/API_StackSummary.html",
        tests=(f"{TESTS}/cloudformation/test_stacks.py::test_a_nested_stack_names_its_parent_and_its_root",),
        apply=lambda _: nested_stacks.name_parents(),
        late=True,
    ),
    Patch(
        name="read_yaml_fast",
        replaces=("services.cloudformation.engine.CfnLoader",),
        why="libyaml reads a template ten times as fast.",
        source="https://pyyaml.org/wiki/PyYAMLDocumentation",
        tests=(f"{TESTS}/cloudformation/test_templates.py::test_libyaml_reads_the_own_templates_as_ministack_does",),
        apply=lambda _: template_checks.read_yaml_fast(),
        late=True,
    ),
)
