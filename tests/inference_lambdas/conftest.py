from __future__ import annotations

from tests.pipeline_lambdas.fixtures import account, buckets, codepipeline, own_clients, sagemaker, service_models

__all__ = ["account", "buckets", "codepipeline", "own_clients", "sagemaker", "service_models"]
