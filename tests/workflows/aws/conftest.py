from __future__ import annotations

from tests.pipeline_lambdas.fixtures import account, buckets, own_clients, service_models

__all__ = ["account", "buckets", "own_clients", "service_models"]
