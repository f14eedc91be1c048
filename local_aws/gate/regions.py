"""Checks the Region of a signature: it must be this local AWS's, or for a global service the one that AWS uses.

botocore's list of endpoints knows them:
https://docs.aws.amazon.com/general/latest/gr/rande.html#global-endpoints
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any

from local_aws.gate.refusal import RefusedError
from local_aws.gate.scheme import Claim

_PARTITION = "aws"
# Regional, but with a global endpoint whose requests are still signed for us-east-1:
# https://docs.aws.amazon.com/IAM/latest/UserGuide/id_credentials_temp_region-endpoints.html
_ALSO_GLOBAL = "sts"


def require_own(claim: Claim, region: str) -> None:
    """Raise RefusedError if the request is signed for another Region than `region`."""
    if claim.version == 2 or claim.region in (region, global_region(claim.service)):
        return
    if claim.is_s3:
        # https://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html: clients sign again for the Region named
        raise RefusedError(
            "AuthorizationHeaderMalformed",
            f"The authorization header is malformed; the region '{claim.region}' is wrong; expecting '{region}'",
            400,
            Region=region,
        )
    raise RefusedError(
        "RegionNotEmulated",
        f"This local AWS runs {region} only, and the request is for {claim.region}. Use that Region, or start another "
        f"local AWS with --region {claim.region}.",
        400,
    )


@lru_cache
def global_region(service: str) -> str | None:
    """The Region that a global service's requests are signed for; None for a regional one."""
    found = _endpoints().get(service, {})
    if found.get("isRegionalized", True) and service != _ALSO_GLOBAL:
        return None
    place = found.get("endpoints", {}).get(found.get("partitionEndpoint", ""), {})
    region = place.get("credentialScope", {}).get("region")
    return str(region) if region else None


@lru_cache
def _endpoints() -> dict[str, Any]:
    from botocore.loaders import Loader  # noqa: PLC0415 - a megabyte that only a request for another Region needs

    partitions = Loader().load_data("endpoints")["partitions"]
    return next(dict(found["services"]) for found in partitions if found["partition"] == _PARTITION)
