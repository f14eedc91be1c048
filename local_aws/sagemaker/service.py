"""Amazon SageMaker in local AWS: jobs, the model registry, models, endpoints and their invocation."""

from __future__ import annotations

import threading

from local_aws.base import ResourceType
from local_aws.ecr.images import Images
from local_aws.runtime import Runtime
from local_aws.sagemaker import names, permissions
from local_aws.sagemaker.cloudformation import ResourceTypes
from local_aws.sagemaker.containers.launcher import Launcher
from local_aws.sagemaker.containers.own_images.images import OwnImages
from local_aws.sagemaker.hosting.deployments import Deployments
from local_aws.sagemaker.hosting.endpoint_configs import EndpointConfigs
from local_aws.sagemaker.hosting.endpoints import Endpoints
from local_aws.sagemaker.hosting.invocation_metrics import InvocationMetrics
from local_aws.sagemaker.hosting.invoke import Invocations
from local_aws.sagemaker.hosting.models import Models
from local_aws.sagemaker.jobs import lifecycle
from local_aws.sagemaker.jobs.operations import Jobs
from local_aws.sagemaker.jobs.processing.jobs import ProcessingJobs
from local_aws.sagemaker.jobs.training.jobs import TrainingJobs
from local_aws.sagemaker.jobs.tuning.jobs import TuningJobs
from local_aws.sagemaker.platform import Platform
from local_aws.sagemaker.records import Records
from local_aws.sagemaker.registry import package_permissions
from local_aws.sagemaker.registry.model_package_groups import ModelPackageGroups
from local_aws.sagemaker.registry.model_packages import ModelPackages
from local_aws.sagemaker.search import Search
from local_aws.sagemaker.tagging import Tagging
from local_aws.sagemaker.transform.jobs import TransformJobs
from local_aws.wire import Authorizer, Operation

_STOP_S = 5.0


class SageMakerService:
    """The operations of `sagemaker` and `sagemaker-runtime`, and what runs behind them."""

    def __init__(self, runtime: Runtime, images: Images | None = None) -> None:
        """Nothing runs before `resume` or the first request; `images` are those of ECR."""
        records = Records(runtime.store, runtime.clock)
        self._platform = Platform(runtime, records, Launcher(), OwnImages(images))
        self._warming: threading.Thread | None = None
        self._metrics = InvocationMetrics(self._platform)
        self._jobs = TrainingJobs(self._platform)
        self._tuning = TuningJobs(self._platform, self._jobs)
        self._processing = ProcessingJobs(self._platform)
        self._transform = TransformJobs(self._platform)
        self._groups = ModelPackageGroups(self._platform)
        self._packages = ModelPackages(self._platform)
        self._models = Models(self._platform)
        self._configs = EndpointConfigs(self._platform)
        self._deployments = Deployments(self._platform)
        self._endpoints = Endpoints(self._platform, self._deployments)
        self._invocations = Invocations(records, self._deployments, self._metrics, runtime.settings.console)
        self._tagging = Tagging(records)
        self._search = Search(records)

    def operations(self) -> dict[str, Operation]:
        """The operations of `sagemaker`."""
        return {
            **self._job_operations(),
            **self._registry_operations(),
            **self._hosting_operations(),
            **self._tag_operations(),
        }

    def runtime_operations(self) -> dict[str, Operation]:
        """The operations of `sagemaker-runtime`."""
        return {"InvokeEndpoint": Operation(self._invocations.invoke, permissions.invoke_endpoint)}

    def resource_types(self) -> dict[str, ResourceType]:
        """CloudFormation's types."""
        return ResourceTypes(self._platform, self.operations()).table()

    def prewarm(self) -> None:
        """Load the libraries of training and serving in the background, before they are needed."""
        self._platform.launcher.prewarm()
        if self._warming is None:
            self._warming = threading.Thread(target=self._load_clients, name="sagemaker-prewarm", daemon=True)
            self._warming.start()

    def _load_clients(self) -> None:
        """Load botocore's models of the services that a job calls, so that its clients are created quickly."""
        for service in ("s3", "logs", "cloudwatch"):
            self._platform.runtime.clients.get(service, self._platform.root())

    def resume(self) -> None:
        """Continue what the last stop or kill interrupted."""
        self._deployments.resume()
        self._jobs.resume()
        self._tuning.resume()
        self._processing.resume()
        self._transform.resume()

    def stop(self) -> None:
        """End every container and thread; what ran continues at the next start."""
        self._platform.stopping.set()
        self._platform.launcher.stop()
        self._tuning.stop_all(_STOP_S)
        self._jobs.stop_all(_STOP_S)
        self._processing.stop_all(_STOP_S)
        self._transform.stop_all(_STOP_S)
        self._deployments.stop_all(_STOP_S)
        self._metrics.stop()

    def _job_operations(self) -> dict[str, Operation]:
        def delete(jobs: Jobs, kind: str, member: str) -> dict[str, Operation]:
            needs = permissions.on_name(f"Delete{member}", kind, f"{member}Name")
            return {f"Delete{member}": Operation(jobs.delete, needs)}

        training, processing, needs = self._jobs, self._processing, permissions
        tuning = lifecycle.TUNING.member
        of_tuning = f"ListTrainingJobsFor{tuning}"
        return {
            **_operations_of(training, names.TRAINING_JOB, "TrainingJob", needs.create_training_job),
            **_operations_of(processing, names.PROCESSING_JOB, "ProcessingJob", needs.create_processing_job),
            **_operations_of(self._transform, names.TRANSFORM_JOB, "TransformJob", needs.create_transform_job),
            **_operations_of(self._tuning, names.TUNING_JOB, tuning, needs.create_tuning_job),
            **delete(training, names.TRAINING_JOB, "TrainingJob"),
            **delete(self._tuning, names.TUNING_JOB, tuning),
            of_tuning: Operation(
                self._tuning.list_training_jobs, permissions.on_name(of_tuning, names.TUNING_JOB, f"{tuning}Name")
            ),
            **delete(processing, names.PROCESSING_JOB, "ProcessingJob"),
        }

    def _registry_operations(self) -> dict[str, Operation]:
        def group(action: str) -> Authorizer:
            return permissions.on_name_or_arn(action, names.MODEL_PACKAGE_GROUP, "ModelPackageGroupName")

        def package(action: str) -> Authorizer:
            return permissions.on_name_or_arn(action, names.MODEL_PACKAGE, "ModelPackageName")

        groups, packages, needs = self._groups, self._packages, package_permissions
        return {
            "CreateModelPackageGroup": Operation(groups.create, needs.create_group),
            "DescribeModelPackageGroup": Operation(groups.describe, group("DescribeModelPackageGroup")),
            "ListModelPackageGroups": Operation(groups.list, permissions.on_all("ListModelPackageGroups")),
            "DeleteModelPackageGroup": Operation(groups.delete, group("DeleteModelPackageGroup")),
            "CreateModelPackage": Operation(packages.create, needs.create),
            "DescribeModelPackage": Operation(packages.describe, package("DescribeModelPackage")),
            "BatchDescribeModelPackage": Operation(packages.batch_describe, needs.batch_describe),
            "ListModelPackages": Operation(packages.list, needs.list_packages),
            "UpdateModelPackage": Operation(packages.update, needs.update),
            "DeleteModelPackage": Operation(packages.delete, package("DeleteModelPackage")),
        }

    def _hosting_operations(self) -> dict[str, Operation]:
        def named(action: str, kind: str, member: str) -> Authorizer:
            return permissions.on_name(action, kind, member)

        models, configs, endpoints = self._models, self._configs, self._endpoints
        model, config, endpoint = names.MODEL, names.ENDPOINT_CONFIG, names.ENDPOINT
        weights = "UpdateEndpointWeightsAndCapacities"
        return {
            "CreateModel": Operation(models.create, permissions.create_model),
            "DescribeModel": Operation(models.describe, named("DescribeModel", model, "ModelName")),
            "ListModels": Operation(models.list, permissions.on_all("ListModels")),
            "DeleteModel": Operation(models.delete, named("DeleteModel", model, "ModelName")),
            "CreateEndpointConfig": Operation(configs.create, permissions.create_endpoint_config),
            "DescribeEndpointConfig": Operation(
                configs.describe, named("DescribeEndpointConfig", config, "EndpointConfigName")
            ),
            "ListEndpointConfigs": Operation(configs.list, permissions.on_all("ListEndpointConfigs")),
            "DeleteEndpointConfig": Operation(
                configs.delete, named("DeleteEndpointConfig", config, "EndpointConfigName")
            ),
            "CreateEndpoint": Operation(endpoints.create, permissions.create_endpoint),
            "DescribeEndpoint": Operation(endpoints.describe, named("DescribeEndpoint", endpoint, "EndpointName")),
            "ListEndpoints": Operation(endpoints.list, permissions.on_all("ListEndpoints")),
            "UpdateEndpoint": Operation(endpoints.update, permissions.update_endpoint),
            weights: Operation(endpoints.update_weights, named(weights, endpoint, "EndpointName")),
            "DeleteEndpoint": Operation(endpoints.delete, named("DeleteEndpoint", endpoint, "EndpointName")),
        }

    def _tag_operations(self) -> dict[str, Operation]:
        return {
            "AddTags": Operation(self._tagging.add, permissions.on_arn("AddTags")),
            "ListTags": Operation(self._tagging.list, permissions.on_arn("ListTags")),
            "DeleteTags": Operation(self._tagging.delete, permissions.on_arn("DeleteTags")),
            "Search": Operation(self._search.search, permissions.on_all("Search")),
        }


def _operations_of(jobs: Jobs, kind: str, member: str, create: Authorizer) -> dict[str, Operation]:
    """What every kind of job has."""

    def named(action: str) -> Authorizer:
        return permissions.on_name(action, kind, f"{member}Name")

    return {
        f"Create{member}": Operation(jobs.create, create),
        f"Describe{member}": Operation(jobs.describe, named(f"Describe{member}")),
        f"List{member}s": Operation(jobs.list, permissions.on_all(f"List{member}s")),
        f"Stop{member}": Operation(jobs.stop, named(f"Stop{member}")),
    }
