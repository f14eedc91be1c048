"""The pipeline and its functions."""

from __future__ import annotations

import itertools
import json
import re
import sys
from typing import Any
from unittest.mock import MagicMock

import pytest
from slipway_build.checks import MOST, WIDTH, note
from upkeep.template import PARTS, assembled

from pipeline_lambdas.release.names import RESERVED_MODELS
from tests.cloudformation import templates
from tests.cloudformation.templates import Template

VARIABLE = re.compile(r"#\{([^.}]+)\.([^}]+)\}")

# What each function hands on and what it takes, by the name of the function.
OUTPUT_VARIABLES = {
    # https://docs.aws.amazon.com/codepipeline/latest/userguide/reference-variables.html
    "CodeStarSourceConnection": {
        "AuthorDate",
        "AuthorDisplayName",
        "AuthorEmail",
        "AuthorId",
        "BranchName",
        "CommitId",
        "CommitMessage",
        "ConnectionArn",
        "FullRepositoryName",
        "ProviderType",
    },
    "Build": {"PACKAGES_SHA256"},
    "Check": {"CHECKS"},
    "CodeCommit": {"AuthorDate", "BranchName", "CommitId", "CommitMessage", "CommitterDate", "RepositoryName"},
    "S3": {"BucketName", "ETag", "ObjectKey", "VersionId"},
    "StepFunctions": {"StateMachineArn", "ExecutionArn"},
    "train-model": {"TrainingJobName", "ImageUri", "ConfigSha256", "DatasetSha256", "DatasetPrefix"}
    | {"DatasetVersion"},
    "get-status": {
        "TrainingJobName",
        "Status",
        "ModelArtifacts",
        "ArtifactVersion",
        "TrainingSeconds",
        "BillableSeconds",
        "Metrics",
    },
    "deploy-model": {"ModelName", "EndpointConfigName", "EndpointConfigCreated", "EndpointName"},
    "evaluate-model": {"Verdict", "Rows", "Metrics", "ReportUri", "ReportVersionId"},
}
OUTPUT_VARIABLES["deploy-champion"] = OUTPUT_VARIABLES["deploy-model"] | {
    "Reason",
    "ServedModelName",
    "ServedEndpointConfigName",
}
OUTPUT_VARIABLES["register-model"] = {"ModelPackageArn", "ModelPackageVersion"}
OUTPUT_VARIABLES["write-evidence"] = {"RecordUri", "RecordVersionId", "ReportUri", "ReportVersionId"}
OUTPUT_VARIABLES["deploy-prod"] = OUTPUT_VARIABLES["deploy-model"]
OUTPUT_VARIABLES["smoke-test-prod"] = OUTPUT_VARIABLES["evaluate-model"]
OUTPUT_VARIABLES["clean-up"] = {"DeletedEndpointConfigs", "DeletedModels"}

RELEASES_OWN = {
    "train-model",
    "get-status",
    "deploy-model",
    "deploy-champion",
    "evaluate-model",
    "register-model",
    "write-evidence",
}
"""Functions that run the code of the release itself, before anybody has approved it."""
OF_PROD = {"deploy-prod", "smoke-test-prod", "clean-up"}
"""Those that actions invoke once the release is approved."""
OF_EVENTS = {"start-release", "end-release", "record-release", "settle-job"}
"""Those that work for all releases."""

EXECUTION = "#{codepipeline.PipelineExecutionId}"
TRAINED_WITH = {"config_sha256": "#{Train.ConfigSha256}", "dataset_sha256": "#{Train.DatasetSha256}"}
KEPT = {"execution_id": EXECUTION, "config_sha256": TRAINED_WITH["config_sha256"]}
CLEAN_UP = ("CleanUp", 5, None, ["TrainingConfig"], "clean-up", KEPT)
# What Prod is held against: what was trained, and with which config.
TRAINED = {"artifact_version": "#{Training.ArtifactVersion}", "config_sha256": "#{Train.ConfigSha256}"}
CHAMPION = {"execution_id": EXECUTION, "environment": "champion"}
COMPARED = {
    "champion": "#{Champion.ModelName}",
    "champion_endpoint_config": "#{Champion.EndpointConfigName}",
    "champion_endpoint_config_created": "#{Champion.EndpointConfigCreated}",
}
# What DeployTest has besides the actions that all environments have, by their run order.
COMPARISON: dict[int, tuple[str, int, str | None, list[str], str, dict[str, str]]] = {
    1: ("DeployChampion", 1, "Champion", ["TrainingConfig"], "deploy-champion", CHAMPION),
    2: (
        "WaitForChampion",
        2,
        None,
        [],
        "get-status",
        {
            "kind": "endpoint",
            "name": "#{Champion.EndpointName}",
            "endpoint_config": "#{Champion.EndpointConfigName}",
        },
    ),
}
REGISTER = (
    "Register",
    4,
    "Registry",
    list[str](),
    "register-model",
    {
        "execution_id": EXECUTION,
        "training_job": "#{Training.TrainingJobName}",
        "artifact_version": "#{Training.ArtifactVersion}",
        "config_commit": "#{Config.CommitId}",
        "pipeline_commit": "#{PipelineCode.CommitId}",
        "inference_commit": "#{InferenceCode.CommitId}",
        "dataset_version": "#{Train.DatasetVersion}",
        **TRAINED_WITH,
        "report_uri": "#{Evaluation.ReportUri}",
        "report_version": "#{Evaluation.ReportVersionId}",
    },
)
REMOVE = ("RemoveChampion", 4, None, list[str](), "deploy-champion", {**CHAMPION, "operation": "remove"})
EVIDENCE = ("Evidence", 5, "Evidence", list[str](), "write-evidence", {"execution_id": EXECUTION})
# The stages that consist of functions; Source, Build and Approve have tests of their own.
STAGES: dict[str, list[tuple[str, int, str | None, list[str], str, dict[str, str]]]] = {
    "Train": [
        (
            "StartTraining",
            1,
            "Train",
            ["TrainingConfig", "Dataset"],
            "train-model",
            {
                "execution_id": EXECUTION,
                "dataset_version": "#{Data.VersionId}",
                "config_artifact": "#{Publish.TrainingConfigArtifact}",
                "dataset_artifact": "#{Publish.DatasetArtifact}",
            },
        ),
        (
            "WaitForTraining",
            2,
            "Training",
            [],
            "get-status",
            {"kind": "training-job", "name": "#{Train.TrainingJobName}"},
        ),
    ],
    **{
        stage: [
            (
                "Deploy",
                1 + (environment == "prod"),
                stage,
                ["TrainingConfig"],
                "deploy-prod" if environment == "prod" else "deploy-model",
                {
                    "execution_id": EXECUTION,
                    "environment": environment,
                    "training_job": "#{Training.TrainingJobName}",
                    **(TRAINED if environment == "prod" else {}),
                },
            ),
            *([COMPARISON[1]] if environment == "test" else []),
            (
                "Wait",
                2 + (environment == "prod"),
                None,
                [],
                "get-status",
                {
                    "kind": "endpoint",
                    "name": f"#{{{stage}.EndpointName}}",
                    "endpoint_config": f"#{{{stage}.EndpointConfigName}}",
                },
            ),
            *([COMPARISON[2]] if environment == "test" else []),
            (
                test,
                3 + (environment == "prod"),
                namespace,
                ["TrainingConfig", "Dataset"],
                "smoke-test-prod" if environment == "prod" else "evaluate-model",
                {
                    "execution_id": EXECUTION,
                    "environment": environment,
                    "test": kind,
                    "endpoint_config": f"#{{{stage}.EndpointConfigName}}",
                    "endpoint_config_created": f"#{{{stage}.EndpointConfigCreated}}",
                    "config_artifact": "#{Publish.TrainingConfigArtifact}",
                    **TRAINED_WITH,
                    **(COMPARED if environment == "test" else {}),
                },
            ),
            *([CLEAN_UP] if environment == "prod" else []),
            *([REGISTER, REMOVE, EVIDENCE] if environment == "test" else []),
        ]
        for stage, environment, test, namespace, kind in [
            ("DeployDev", "dev", "SmokeTest", "SmokeTest", "smoke"),
            ("DeployTest", "test", "Evaluate", "Evaluation", "full"),
            ("DeployProd", "prod", "SmokeTest", "ProdSmokeTest", "smoke"),
        ]
    },
}


ARN = "arn:aws:codeconnections:eu-west-1:444455556666:connection/0a1b2c3d-1111-2222-3333-444455556666"
FROM_CONNECTION = {
    "ConnectionArn": ARN,
    "TrainingConfigRepositoryId": "acme/training-config",
    "PipelineLambdasRepositoryId": "acme/ml/pipeline-lambdas",
    "InferenceLambdasRepositoryId": "acme/inference-lambdas",
}
PREPARED = {"PrepareMachineArn": "arn:aws:states:eu-west-1:444455556666:stateMachine:slipway-sample-text-dataset"}
VARIANTS = [{}, {"WithProd": "false"}, FROM_CONNECTION, {**FROM_CONNECTION, "WithProd": "false"}, PREPARED]


@pytest.fixture
def template() -> Template:
    return templates.decided("pipeline")


@pytest.fixture
def stages(template: Template) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = template["Resources"]["Pipeline"]["Properties"]["Stages"]
    return found


def stages_of(**parameters: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = templates.decided("pipeline", **parameters)["Resources"]["Pipeline"]["Properties"][
        "Stages"
    ]
    return found


def functions_of(stages: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return the actions that invoke a function."""
    return [action for action in actions_of(stages) if action["ActionTypeId"]["Provider"] == "Lambda"]


def dispatched(action: dict[str, Any]) -> tuple[str, dict[str, str]]:
    """The function that an action has invoked, and what it is told; the version is what the release has published."""
    given = json.loads(action["Configuration"]["UserParameters"])
    name, version = given.pop("function"), given.pop("version")
    publisher = "Approved" if name in OF_PROD else "Publish"
    assert version == f"#{{{publisher}.{name.title().replace('-', '')}}}"
    dispatcher = "DispatchApprovedFunction" if name in OF_PROD else "DispatchFunction"
    assert action["Configuration"]["FunctionName"] == {"Ref": dispatcher}
    return name, given


def actions_of(stages: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [action for stage in stages for action in stage["Actions"]]


def test_no_model_has_a_name_of_the_workflows() -> None:
    (assertion,) = templates.load("pipeline")["Rules"]["ModelNameIsFree"]["Assertions"]
    assert assertion["Assert"] == {"Fn::Not": [{"Fn::Contains": [[*RESERVED_MODELS], {"Ref": "ModelName"}]}]}
    assert all(name in assertion["AssertDescription"] for name in RESERVED_MODELS)
    systems = {path.parent.name for path in (templates.ROOT / "workflows").glob("*/sample.py")}
    assert systems <= set(RESERVED_MODELS)


def test_the_pipeline_is_v2_and_encrypts_its_artifacts_with_the_key(template: Template) -> None:
    properties = template["Resources"]["Pipeline"]["Properties"]
    assert (properties["PipelineType"], properties["ExecutionMode"]) == ("V2", "SUPERSEDED")
    context = {**templates.LONGEST, "SuffixID": "local", "ModelName": "wine-quality"}
    assert templates.render(properties["Name"], template, context) == "slipway-local-wine-quality"
    assert templates.render(properties["ArtifactStore"], template, context) == {
        "Type": "S3",
        "Location": "<slipway-local-artifact-bucket-name>",
        "EncryptionKey": {"Type": "KMS", "Id": "<slipway-local-key-arn>"},
    }


def test_stages_and_actions_are_those_of_a_release(stages: list[dict[str, Any]]) -> None:
    names = ["Source", "Build", "Train", "DeployDev", "DeployTest", "Approve", "DeployProd"]
    assert [stage["Name"] for stage in stages] == names
    assert set(names) - set(STAGES) == {"Source", "Build", "Approve"}
    for stage in stages:
        if stage["Name"] not in STAGES:
            continue
        found = [
            (
                action["Name"],
                action["RunOrder"],
                action.get("Namespace"),
                [artifact["Name"] for artifact in action.get("InputArtifacts", [])],
                *dispatched(action),
            )
            for action in stage["Actions"]
            if action["Name"] != "PublishApproved"
        ]
        assert found == STAGES[stage["Name"]]
        assert all("OutputArtifacts" not in action for action in stage["Actions"])


def test_the_sources_are_three_repositories_and_the_manifest(stages: list[dict[str, Any]], template: Template) -> None:
    context = {**templates.LONGEST, "SuffixID": "local", "ModelName": "wine-quality"}
    found = {
        action["Name"]: (action["Namespace"], templates.render(action["Configuration"], template, context))
        for action in stages[0]["Actions"]
    }
    git = {"BranchName": "main", "PollForSourceChanges": "false", "OutputArtifactFormat": "CODE_ZIP"}
    assert found == {
        "TrainingConfig": ("Config", {"RepositoryName": "<slipway-local-training-config-repository-name>", **git}),
        "PipelineLambdas": (
            "PipelineCode",
            {"RepositoryName": "<slipway-local-pipeline-lambdas-repository-name>", **git},
        ),
        "InferenceLambdas": (
            "InferenceCode",
            {"RepositoryName": "<slipway-local-inference-lambdas-repository-name>", **git},
        ),
        "Dataset": (
            "Data",
            {
                "S3Bucket": "<slipway-local-data-bucket-name>",
                "S3ObjectKey": "wine-quality/manifest.json",
                "PollForSourceChanges": "false",
            },
        ),
    }
    assert all(action["OutputArtifacts"] == [{"Name": action["Name"]}] for action in stages[0]["Actions"])


def test_user_parameters_fit_and_are_json_whatever_the_variables_hold(stages: list[dict[str, Any]]) -> None:
    for action in functions_of(stages):
        text = action["Configuration"]["UserParameters"]
        # https://docs.aws.amazon.com/codepipeline/latest/userguide/action-reference-Lambda.html
        assert len(text) <= 1_000, action["Name"]
        assert isinstance(json.loads(VARIABLE.sub("value", text)), dict), action["Name"]


def test_without_prod_a_release_ends_with_the_clean_up_after_test() -> None:
    stages = stages_of(WithProd="false")
    assert [stage["Name"] for stage in stages] == ["Source", "Build", "Train", "DeployDev", "DeployTest"]
    names = [action["Name"] for action in stages[-1]["Actions"]]
    assert names == ["Deploy", "Wait", "Evaluate", "Register", "PublishApproved", "CleanUp", "Evidence"]
    action, with_prod = stages[-1]["Actions"][5], stages_of()[-1]["Actions"][-1]
    assert {**action, "RunOrder": 0} == {**with_prod, "RunOrder": 0}
    assert "champion" not in stages[-1]["Actions"][2]["Configuration"]["UserParameters"]
    assert [action["Name"] for action in actions_of(stages)].count("CleanUp") == 1


def test_the_build_gets_the_code_of_all_functions_and_hands_its_packages_on(stages: list[dict[str, Any]]) -> None:
    assert stages[1]["Actions"][0] == {
        "Name": "Build",
        "RunOrder": 1,
        "ActionTypeId": {"Category": "Build", "Owner": "AWS", "Provider": "CodeBuild", "Version": "1"},
        "Namespace": "Build",
        "InputArtifacts": [{"Name": "PipelineLambdas"}, {"Name": "InferenceLambdas"}, {"Name": "TrainingConfig"}],
        "OutputArtifacts": [{"Name": "Packages"}],
        "Configuration": {"ProjectName": {"Ref": "BuildProject"}, "PrimarySource": "PipelineLambdas"},
    }


@pytest.mark.parametrize("parameters", VARIANTS)
def test_the_checks_run_beside_the_build_and_hand_on_no_artifact(parameters: dict[str, str]) -> None:
    (stage,) = (stage for stage in stages_of(**parameters) if stage["Name"] == "Build")
    build, check, *publishing = stage["Actions"]
    assert check["RunOrder"] == build["RunOrder"]
    # The build fetches the packages that a config's program names; the checks know no config.
    assert [*check["InputArtifacts"], {"Name": "TrainingConfig"}] == build["InputArtifacts"]
    assert (check["Name"], check["Namespace"], check["ActionTypeId"]["Provider"]) == ("Check", "Check", "CodeBuild")
    assert check["Configuration"]["ProjectName"] == {"Ref": "CheckProject"}
    assert "OutputArtifacts" not in check
    assert all(action["RunOrder"] > check["RunOrder"] for action in publishing)


@pytest.mark.parametrize("parameters", VARIANTS)
def test_what_is_approved_is_read_where_no_build_writes(parameters: dict[str, str]) -> None:
    by_name = {action["Name"]: action for action in actions_of(stages_of(**parameters))}
    assert "InputArtifacts" not in by_name["PublishApproved"]
    assert by_name["PublishApproved"]["Configuration"]["UserParameters"] == '{"packages": "#{Publish.Packages}"}'
    fetched = itertools.takewhile(lambda stage: stage["Name"] != "Build", stages_of(**parameters))
    sources = [action["OutputArtifacts"][0]["Name"] for action in actions_of(list(fetched))]
    # The first is what it publishes; of the others it tells whether somebody has written them again. Five is the most:
    # https://docs.aws.amazon.com/codepipeline/latest/userguide/reference-action-artifacts.html
    first, *others = [artifact["Name"] for artifact in by_name["Publish"]["InputArtifacts"]]
    assert (first, sorted(others)) == ("Packages", sorted(sources))
    assert by_name["PublishFirst"]["InputArtifacts"] == [{"Name": "Packages"}]


def test_the_list_of_passed_checks_fits_into_the_parameters(stages: list[dict[str, Any]]) -> None:
    """https://docs.aws.amazon.com/codepipeline/latest/APIReference/API_ActionConfiguration.html: 1,000 characters."""
    (publish,) = [action for action in stages[1]["Actions"] if action["Name"] == "Publish"]
    longest = {"CHECKS": note({str(number): "x" * WIDTH for number in range(2 * MOST)}), "PACKAGES_SHA256": "0" * 64}
    resolved = VARIABLE.sub(lambda found: longest[found[2]], publish["Configuration"]["UserParameters"])
    assert len(longest["CHECKS"]) == MOST * WIDTH
    assert len(resolved) <= 1_000


def test_what_an_evaluation_is_told_fits_into_the_parameters(stages: list[dict[str, Any]]) -> None:
    longest = {"EvaluateModel": 6, "SmokeTestProd": 6, "PipelineExecutionId": 36, "ModelName": 63}
    longest |= {"EndpointConfigName": 63, "EndpointConfigCreated": len("2026-01-01T00:00:00.123456+00:00")}
    longest |= dict.fromkeys(("ConfigSha256", "DatasetSha256", "TrainingConfigArtifact"), 64)
    told = [
        action["Configuration"]["UserParameters"]
        for stage in stages[1:]
        for action in stage["Actions"]
        if '"test": ' in str(action["Configuration"].get("UserParameters", ""))
    ]
    assert len(told) == 3
    for text in told:
        assert len(VARIABLE.sub(lambda found: "x" * longest[found[2]], text)) <= 1_000


@pytest.mark.parametrize("parameters", VARIANTS)
def test_functions_that_change_prod_are_published_after_the_approval(parameters: dict[str, str]) -> None:
    """The first action after it; without an approval, once Test has passed."""
    stages = stages_of(**parameters)
    publishing = [
        (stage["Name"], action["Name"], action["RunOrder"], action["Configuration"]["FunctionName"]["Ref"])
        for stage in stages
        for action in stage["Actions"]
        if action["Name"].startswith("Publish")
    ]
    last = ("DeployTest", "PublishApproved", 5) if "WithProd" in parameters else ("DeployProd", "PublishApproved", 1)
    assert publishing == [
        ("Build", "Publish", 2, "PublishFunction"),
        ("Build", "PublishFirst", 2, "PublishApprovedFunction"),
        (*last, "PublishApprovedFunction"),
    ]


def test_what_is_published_before_the_first_approval_is_invoked_by_events_alone(
    template: Template, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing that a build exports changes what may be published, nor what Check says was green."""
    once = publishing(template, monkeypatch)["once"]
    texts = {a["Name"]: a["Configuration"]["UserParameters"] for a in functions_of(stages_of())}
    assert set(json.loads(texts["PublishFirst"])["first"].split(",")) == OF_EVENTS
    for name in ("Publish", "PublishFirst"):
        text = texts[name]
        assert json.loads(text, object_pairs_hook=once) == json.loads(text)
        for variable in (found[0] for found in VARIABLE.finditer(text)):
            for key in json.loads(text):
                with pytest.raises(ValueError, match="name a key twice"):
                    json.loads(text.replace(variable, f'0123", "{key}": "deploy-prod'), object_pairs_hook=once)
            for exported in ('0123", "x": {"y": "', '0123"} ', '0123", "x": ["'):
                with pytest.raises(ValueError, match=r"Expecting|Extra"):
                    json.loads(text.replace(variable, exported), object_pairs_hook=once)
    targets = {
        rule["Properties"]["Targets"][0]["Arn"]["Fn::GetAtt"][0]
        for rule in templates.of_type(template, "AWS::Events::Rule").values()
        if "Fn::GetAtt" in rule["Properties"]["Targets"][0]["Arn"]
    }
    assert {name.title().replace("-", "") + "Function" for name in OF_EVENTS} - {"SettleJobFunction"} == targets


def publishing(template: Template, monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """What the code of the functions that publish defines."""
    for name in ("NAME_PREFIX", "FUNCTIONS", "PACKAGE_BUCKET", "KMS_KEY_ARN"):
        monkeypatch.setenv(name, "x")
    monkeypatch.setattr("boto3.client", MagicMock())
    module: dict[str, Any] = {"__name__": "inline_publish"}
    monkeypatch.setitem(sys.modules, "inline_publish", MagicMock())
    exec(template["Mappings"]["Inline"]["Publish"]["Source"], module)  # noqa: S102 - as Lambda does
    return module


@pytest.mark.parametrize("parameters", VARIANTS)
def test_namespaces_are_unique_and_neither_reserved_nor_an_artifact(parameters: dict[str, str]) -> None:
    actions = actions_of(stages_of(**parameters))
    namespaces = [action["Namespace"] for action in actions if "Namespace" in action]
    artifacts = {artifact["Name"] for action in actions for artifact in action.get("OutputArtifacts", [])}
    assert len(namespaces) == len(set(namespaces))
    assert not set(namespaces) & (artifacts | {"codepipeline", "variables"})


@pytest.mark.parametrize("parameters", VARIANTS)
def test_every_variable_comes_from_an_action_that_ran_before(parameters: dict[str, str]) -> None:
    stages = stages_of(**parameters)
    known = {"codepipeline": {"PipelineExecutionId"}}
    references = 0
    for stage in stages:
        for order in sorted({action.get("RunOrder", 1) for action in stage["Actions"]}):
            together = [action for action in stage["Actions"] if action.get("RunOrder", 1) == order]
            for action in together:
                for namespace, variable in VARIABLE.findall(json.dumps(action["Configuration"])):
                    references += 1
                    assert variable in known.get(namespace, ()), f"{stage['Name']}.{action['Name']}: {namespace}"
            known |= {action["Namespace"]: _outputs(action) for action in together if "Namespace" in action}
    assert references


def _outputs(action: dict[str, Any]) -> set[str]:
    provider = action["ActionTypeId"]["Provider"]
    if provider != "Lambda":
        return OUTPUT_VARIABLES[action["Name"] if provider == "CodeBuild" else provider]
    if action["Name"].startswith("Publish"):
        names = OF_PROD | OF_EVENTS if "Approved" in action["Name"] else RELEASES_OWN
        versions = {name.title().replace("-", "") for name in names}
        sources = {"TrainingConfigArtifact", "DatasetArtifact"} if action["Name"] == "Publish" else set[str]()
        return {"Packages", "Updated", *sources, *versions, *(f"{name}Sha256" for name in versions)}
    return OUTPUT_VARIABLES[dispatched(action)[0]]


@pytest.mark.parametrize("parameters", VARIANTS)
def test_every_function_is_invoked_by_an_action_or_an_event(parameters: dict[str, str]) -> None:
    template = templates.decided("pipeline", **parameters)
    actions = functions_of(stages_of(**parameters))
    named = {action["Configuration"]["FunctionName"]["Ref"] for action in actions}
    assert named == {"PublishFunction", "PublishApprovedFunction", "DispatchFunction", "DispatchApprovedFunction"}
    run = {dispatched(action)[0] for action in actions if "Dispatch" in action["Configuration"]["FunctionName"]["Ref"]}
    every = {
        templates.render(resource["Properties"]["FunctionName"], template).removeprefix(
            f"slipway-{'a' * 12}-{'m' * 20}-"
        )
        for resource in templates.of_type(template, "AWS::Lambda::Function").values()
    }
    assert every == run | OF_EVENTS | {"publish", "publish-approved", "dispatch", "dispatch-approved"}
    invoke = [s for s in templates.role_statements(template) if "lambda:InvokeFunction" in s.actions]
    by_role = {role: set(templates.render(list(s.resources), template)) for s in invoke for role in s.holders}
    stem = f"arn:aws:lambda:ap-northeast-1:111122223333:function:slipway-{'a' * 12}-{'m' * 20}-"
    settle = "<SettleJobFunction.Arn>"
    assert by_role.pop("PipelineRole") == {f"<{name}.Arn>" for name in named}
    assert "SettleJobFunctionRole" not in by_role
    own = [s for s in invoke if s.policy == "invoke-versions"]
    assert {s.holders: set(templates.render(list(s.resources), template)) for s in own} == {
        ("DispatchFunctionRole",): {f"{stem}{name}:*" for name in RELEASES_OWN},
        ("DispatchApprovedFunctionRole",): {f"{stem}{name}:*" for name in OF_PROD},
    }
    assert set().union(*by_role.values()) >= {settle}


@pytest.mark.parametrize("parameters", VARIANTS)
def test_a_publisher_knows_and_may_change_its_functions_alone(parameters: dict[str, str]) -> None:
    template = templates.decided("pipeline", **parameters)
    stem = f"arn:aws:lambda:ap-northeast-1:111122223333:function:slipway-{'a' * 12}-{'m' * 20}-"
    there = {
        templates.render(resource["Properties"]["FunctionName"], template)
        for resource in templates.of_type(template, "AWS::Lambda::Function").values()
    }
    changing = [s for s in templates.role_statements(template) if "lambda:UpdateFunctionCode" in s.actions]
    for name, functions in (("PublishFunction", RELEASES_OWN), ("PublishApprovedFunction", OF_PROD | OF_EVENTS)):
        variables = template["Resources"][name]["Properties"]["Environment"]["Variables"]
        known = {f"{stem.rpartition(':')[2]}{function}" for function in variables["FUNCTIONS"].split(",")}
        (statement,) = [s for s in changing if s.holders == (f"{name}Role",)]
        assert set(templates.render(list(statement.resources), template)) == {f"{stem}{one}" for one in functions}
        # Without Prod some of them are not there, and are not asked for.
        assert known == {f"{stem.rpartition(':')[2]}{one}" for one in functions} & there
        assert ("CHECKS_KEY" in variables) == (name == "PublishFunction")
    assert len(changing) == 2


@pytest.mark.parametrize("name", PARTS)
def test_the_template_is_what_its_parts_give(name: str) -> None:
    text = templates.path(name).read_text(encoding="utf-8")
    assert text == assembled(templates.FOLDER, name), "write it anew: make template"


def test_what_publishes_and_dispatches_has_its_code_in_the_template() -> None:
    for name, function in (("Publish", "PublishApprovedFunction"), ("Dispatch", "DispatchApprovedFunction")):
        for one in (function, function.replace("Approved", "")):
            code = templates.decided("pipeline")["Resources"][one]["Properties"]["Code"]
            assert code == {"ZipFile": {"Fn::FindInMap": ["Inline", name, "Source"]}}


def test_a_state_machine_prepares_the_data_in_place_of_a_source() -> None:
    template = templates.decided("pipeline", **PREPARED)
    source, prepare, *_ = stages_of(**PREPARED)
    assert [action["Name"] for action in source["Actions"]] == ["TrainingConfig", "PipelineLambdas", "InferenceLambdas"]
    assert prepare["Name"] == "Prepare"
    (action,) = prepare["Actions"]
    assert action["OutputArtifacts"] == [{"Name": "Dataset"}]
    context = {**templates.LONGEST, "SuffixID": "s", "ModelName": "reviews", **PREPARED}
    configuration = templates.render(action["Configuration"], template, {**context, "PrepareSettings": '{"a": [1]}'})
    assert configuration["StateMachineArn"] == PREPARED["PrepareMachineArn"]
    assert json.loads(configuration["Input"]) == {
        "model": "reviews",
        "execution_id": EXECUTION,
        "config_commit": "#{Config.CommitId}",
        "settings": {"a": [1]},
    }
    # Nothing uploads a manifest for it, so nothing waits for one.
    assert not {"DatasetRule", "DatasetPermission"} & template["Resources"].keys()


def test_the_pipeline_may_run_the_machine_that_prepares_its_data_and_no_other() -> None:
    template = templates.decided("pipeline", **PREPARED)
    context = {**templates.LONGEST, "ModelName": "reviews", **PREPARED}
    policies = template["Resources"]["PipelineRole"]["Properties"]["Policies"]
    (policy,) = (policy for policy in policies if policy["PolicyName"] == "prepare-dataset")
    machine = PREPARED["PrepareMachineArn"]
    assert templates.render(policy["PolicyDocument"]["Statement"], template, context) == [
        {"Effect": "Allow", "Action": ["states:DescribeStateMachine", "states:StartExecution"], "Resource": machine},
        {
            "Effect": "Allow",
            "Action": "states:DescribeExecution",
            "Resource": machine.replace("stateMachine", "execution") + ":reviews-*",
        },
    ]


def test_without_a_state_machine_nothing_of_it_is_there() -> None:
    template = templates.decided("pipeline")
    assert "states:" not in json.dumps(template["Resources"]["PipelineRole"])
    assert "Prepare" not in [stage["Name"] for stage in template["Resources"]["Pipeline"]["Properties"]["Stages"]]
