"""What SageMaker's quotas of an account allow, as Service Quotas tells."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

_SERVICE = "sagemaker"
_PAGE = 100


@dataclass(frozen=True)
class Limit:
    """What a quota allows in one account and Region."""

    code: str
    value: float


def quota_limits(client: Any, quotas: Iterable[str]) -> dict[str, Limit]:
    """Quota to limit, for those that Service Quotas knows in the Region.

    The applied value; where there is none the default, which then holds. Raises ClientError, as without the permission.
    https://docs.aws.amazon.com/servicequotas/2019-06-24/apireference/API_ListServiceQuotas.html
    """
    wanted = {_plain(quota): quota for quota in quotas}
    found = _limits(client, "list_service_quotas", set(wanted))
    if wanted.keys() - found.keys():
        found |= _limits(client, "list_aws_default_service_quotas", wanted.keys() - found.keys())
    return {wanted[name]: limit for name, limit in found.items()}


def _limits(client: Any, operation: str, wanted: set[str]) -> dict[str, Limit]:
    """Pages are read until all are found: SageMaker has some 2,000 quotas."""
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
    """A name without what is easily changed in it: AWS lists no codes of SageMaker's quotas to go by."""
    return " ".join(name.casefold().split())
