"""Dev, Test and Prod apart: which role does what on the endpoint and the endpoint configs of which environment."""

from __future__ import annotations

import pytest

from tests.cloudformation import templates
from tests.cloudformation.test_permissions import may, sagemaker

DEPLOY_ENDPOINT = {"CreateEndpoint", "UpdateEndpoint", "DescribeEndpoint", "DeleteEndpoint", "AddTags"}
DEPLOY_CONFIG = {"CreateEndpointConfig", "DescribeEndpointConfig", "CreateEndpoint", "UpdateEndpoint", "AddTags"}
JUDGE = {"DescribeEndpoint", "InvokeEndpoint"}
POLL = {"DescribeEndpoint"}
TIDY = {"DescribeEndpointConfig", "DeleteEndpointConfig"}

# Role, environment -> actions on its endpoint, actions on its endpoint configs. What is not here is nothing.
ALLOWED: dict[tuple[str, str], tuple[set[str], set[str]]] = {
    **{
        pair: actions
        for environment in ("dev", "test")
        for pair, actions in {
            ("DeployModelFunctionRole", environment): (DEPLOY_ENDPOINT, DEPLOY_CONFIG),
            ("EvaluateModelFunctionRole", environment): (JUDGE, {"DescribeEndpointConfig"}),
        }.items()
    },
    ("DeployProdFunctionRole", "prod"): (DEPLOY_ENDPOINT, DEPLOY_CONFIG),
    ("SmokeTestProdFunctionRole", "prod"): (JUDGE, {"DescribeEndpointConfig"}),
    **{
        pair: actions
        for environment in ("dev", "test", "prod")
        for pair, actions in {
            ("GetStatusFunctionRole", environment): (POLL, set[str]()),
            ("CleanUpFunctionRole", environment): (POLL, TIDY),
        }.items()
    },
    # It looks at what Prod serves.
    ("DeployChampionFunctionRole", "prod"): (POLL, {"DescribeEndpointConfig"}),
}

ENVIRONMENTS = ("dev", "test", "prod")
ROLES = tuple(templates.of_type(templates.decided("pipeline"), "AWS::IAM::Role"))

# Statements on endpoints and endpoint configs together name actions that have only one of the two as a resource.
# https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonsagemakerai.html
NOT_OF_A_CONFIG = {"DescribeEndpoint", "DeleteEndpoint"}
NOT_OF_AN_ENDPOINT = {"DescribeEndpointConfig"}


@pytest.mark.parametrize("environment", ENVIRONMENTS)
@pytest.mark.parametrize("role", ROLES)
def test_a_role_does_in_an_environment_what_is_its_task_and_nothing_else(role: str, environment: str) -> None:
    template = templates.decided("pipeline")
    statements = templates.role_statements(template)
    actions = {action for statement in statements for action in statement.actions if action.startswith("sagemaker:")}

    def done_on(arn: str) -> set[str]:
        listed = {"sagemaker:ListModels", "sagemaker:ListEndpointConfigs"}
        return {
            action.removeprefix("sagemaker:")
            for action in actions - listed
            if may(statements, template, role, action, arn)
        }

    endpoint = done_on(sagemaker("endpoint", f"-{environment}")) - NOT_OF_AN_ENDPOINT
    config = done_on(sagemaker("endpoint-config", f"-{environment}-0a1b2c3d-4e5f-2")) - NOT_OF_A_CONFIG
    assert (endpoint, config) == ALLOWED.get((role, environment), (set(), set()))


def test_nobody_but_clean_up_deletes_models_and_it_deletes_no_endpoint() -> None:
    template = templates.decided("pipeline")
    statements = templates.role_statements(template)
    deleting = {
        (role, action)
        for statement in statements
        for role in statement.holders
        for action in statement.actions
        if action.startswith("sagemaker:Delete")
    }
    assert deleting == {
        ("DeployModelFunctionRole", "sagemaker:DeleteEndpoint"),
        ("DeployProdFunctionRole", "sagemaker:DeleteEndpoint"),
        ("DeployChampionFunctionRole", "sagemaker:DeleteEndpoint"),
        ("EndReleaseFunctionRole", "sagemaker:DeleteEndpoint"),
        ("EndReleaseFunctionRole", "sagemaker:DeleteEndpointConfig"),
        ("CleanUpFunctionRole", "sagemaker:DeleteEndpointConfig"),
        ("CleanUpFunctionRole", "sagemaker:DeleteModel"),
    }
    assert may(
        statements, template, "CleanUpFunctionRole", "sagemaker:DeleteModel", sagemaker("model", "-0a1b2c3d-4e5f")
    )


CHAMPION = {
    "DeployChampionFunctionRole": (
        {"CreateEndpoint", "UpdateEndpoint", "DescribeEndpoint", "DeleteEndpoint", "AddTags"},
        {"CreateEndpointConfig", "DescribeEndpointConfig", "AddTags"},
    ),
    "GetStatusFunctionRole": ({"DescribeEndpoint"}, set()),
    "EvaluateModelFunctionRole": ({"DescribeEndpoint", "InvokeEndpoint"}, {"DescribeEndpointConfig"}),
    "CleanUpFunctionRole": ({"DescribeEndpoint"}, {"DescribeEndpointConfig", "DeleteEndpointConfig"}),
    "EndReleaseFunctionRole": ({"DescribeEndpoint", "DeleteEndpoint"}, {"DeleteEndpointConfig"}),
}


@pytest.mark.parametrize("role", ROLES)
def test_who_reaches_the_endpoint_of_the_champion(role: str) -> None:
    template = templates.decided("pipeline")
    statements = templates.role_statements(template)
    actions = {a for s in statements for a in s.actions if a.startswith("sagemaker:") and "List" not in a}

    def done_on(arn: str) -> set[str]:
        return {a.removeprefix("sagemaker:") for a in actions if may(statements, template, role, a, arn)}

    config = done_on(sagemaker("endpoint-config", "-champ-0a1b2c3d-4e5f")) - {"CreateEndpoint", "UpdateEndpoint"}
    assert (done_on(sagemaker("endpoint", "-champion")), config) == CHAMPION.get(role, (set(), set()))


def test_without_prod_nothing_for_prod_is_created() -> None:
    with_prod = templates.decided("pipeline")
    without = templates.decided("pipeline", WithProd="false")
    gone = set(with_prod["Resources"]) - set(without["Resources"])
    of_a_function = {"", "LogGroup", "Role", "Invocation"}
    assert gone == {
        "AskForApprovalPolicy",
        "ProdErrorsUpdateAlarm",
        "ProdModelErrorsUpdateAlarm",
        "ProdLatencyUpdateAlarm",
        "ChampionEndpointLogGroup",
        "ApprovalAnsweredRule",
        "ApprovalAnsweredPermission",
        *(
            f"{name}Function{part}"
            for name in ("DeployProd", "SmokeTestProd", "DeployChampion")
            for part in of_a_function
        ),
    }
    assert set(with_prod["Outputs"]) - set(without["Outputs"]) == {
        "DeployProdFunctionName",
        "SmokeTestProdFunctionName",
        "DeployChampionFunctionName",
    }


@pytest.mark.parametrize("parameters", [{}, {"WithProd": "false"}, {"RetrainingSchedule": "rate(1 day)"}])
def test_nothing_refers_to_a_resource_that_is_not_created(parameters: dict[str, str]) -> None:
    template = templates.decided("pipeline", **parameters)
    known = set(template["Resources"]) | set(template["Parameters"])
    for value in templates.walk([template["Resources"], template["Outputs"]]):
        if isinstance(value, dict) and set(value) == {"Ref"}:
            assert value["Ref"] in known or value["Ref"].startswith("AWS::"), value
        if isinstance(value, dict) and set(value) == {"Fn::GetAtt"}:
            assert value["Fn::GetAtt"][0] in known, value
    for name, resource in template["Resources"].items():
        assert set(templates.as_list(resource.get("DependsOn", []))) <= known, name
