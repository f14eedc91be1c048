"""Reads an account's limits for SageMaker from Service Quotas."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

_SERVICE = "sagemaker"
_PAGE = 100


@dataclass(frozen=True)
class Limit:
    """The limit of a quota in one account and Region."""

    code: str
    value: float


def quota_limits(client: Any, quotas: Iterable[str]) -> dict[str, Limit]:
    """Map quotas to limits, for those that Service Quotas knows in the Region.

    The limit is the applied value, or the default without one. Raises ClientError, also without the permission.
    https://docs.aws.amazon.com/servicequotas/2019-06-24/apireference/API_ListServiceQuotas.html
    """
    wanted = {_plain(quota): quota for quota in quotas}
    found = _limits(client, "list_service_quotas", set(wanted))
    if wanted.keys() - found.keys():
        found |= _limits(client, "list_aws_default_service_quotas", wanted.keys() - found.keys())
    return {wanted[name]: limit for name, limit in found.items()}


def _limits(client: Any, operation: str, wanted: set[str]) -> dict[str, Limit]:
    """Read pages until all are found: SageMaker has some 2,000 quotas."""
    found: dict[str, Limit] = {}
    for page in client.get_paginator(operation).paginate(ServiceCode=_SERVICE, PaginationConfig={"PageSize": _PAGE}):
        found |= _of_page(page, wanted)
        if found.keys() == wanted:
            break
    return found


def _of_page(page: Mapping[str, Any], wanted: set[str]) -> dict[str, Limit]:
    quotas = ((_plain(quota["QuotaName"]), quota) for quota in page["Quotas"] if "Value" in quota)
    return {name: Limit(quota["QuotaCode"], quota["Value"]) for name, quota in quotas if name in wanted}


def _plain(name: str) -> str:
    """Normalise a name: AWS publishes no codes of SageMaker's quotas to match by."""
    return " ".join(name.casefold().split())
