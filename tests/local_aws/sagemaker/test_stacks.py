"""AWS::SageMaker types in a stack."""

from __future__ import annotations

import json
from typing import Any

from tests.local_aws.sagemaker.house import IMAGE, House
from tests.local_server import wait_for


def test_a_stack_with_an_endpoint(house: House) -> None:
    house.trained("cfn-1")
    uri = house.trained("cfn-1b")["ModelArtifacts"]["S3ModelArtifacts"]
    variant = {
        "VariantName": "AllTraffic",
        "ModelName": {"Fn::GetAtt": ["Model", "ModelName"]},
        "InitialInstanceCount": "1",
        "InitialVariantWeight": 1,
        "InstanceType": "ml.t2.medium",
    }
    container = {"Image": IMAGE, "ModelDataUrl": uri}
    resources: dict[str, Any] = {
        "Model": {
            "Type": "AWS::SageMaker::Model",
            "Properties": {"ExecutionRoleArn": house.role, "PrimaryContainer": container},
        },
        "Config": {"Type": "AWS::SageMaker::EndpointConfig", "Properties": {"ProductionVariants": [variant]}},
        "Endpoint": {
            "Type": "AWS::SageMaker::Endpoint",
            "Properties": {
                "EndpointName": "Cfn-Endpoint",
                "EndpointConfigName": {"Fn::GetAtt": ["Config", "EndpointConfigName"]},
            },
        },
    }
    outputs = {"Arn": {"Value": {"Ref": "Endpoint"}}, "Name": {"Value": {"Fn::GetAtt": ["Endpoint", "EndpointName"]}}}
    template = {"Resources": resources, "Outputs": outputs}
    cloudformation = house.server.client("cloudformation")

    def stack(status: str) -> dict[str, Any]:
        def reached() -> dict[str, Any] | None:
            found: dict[str, Any] = cloudformation.describe_stacks(StackName="sm-stack")["Stacks"][0]
            assert "FAILED" not in found["StackStatus"], found
            assert "ROLLBACK" not in found["StackStatus"], found
            return found if found["StackStatus"] == status else None

        found: dict[str, Any] = wait_for(reached, status)
        return found

    cloudformation.create_stack(StackName="sm-stack", TemplateBody=json.dumps(template))
    values = {output["OutputKey"]: output["OutputValue"] for output in stack("CREATE_COMPLETE")["Outputs"]}
    assert values == {
        "Arn": "arn:aws:sagemaker:us-east-1:111122223333:endpoint/cfn-endpoint",
        "Name": "Cfn-Endpoint",
    }
    before = house.sagemaker.describe_endpoint(EndpointName="Cfn-Endpoint")["EndpointConfigName"]
    assert before.startswith("Config-")
    house.invoke("Cfn-Endpoint")
    variant["InitialInstanceCount"] = "2"
    cloudformation.update_stack(StackName="sm-stack", TemplateBody=json.dumps(template))
    stack("UPDATE_COMPLETE")
    found = house.sagemaker.describe_endpoint(EndpointName="Cfn-Endpoint")
    assert found["EndpointConfigName"] != before
    assert found["ProductionVariants"][0]["CurrentInstanceCount"] == 2
    cloudformation.delete_stack(StackName="sm-stack")
    wait_for(lambda: not house.sagemaker.list_endpoints(NameContains="Cfn")["Endpoints"], "the deletion")
    wait_for(lambda: not house.sagemaker.list_models(NameContains="Model-")["Models"], "the deletion of the model")
