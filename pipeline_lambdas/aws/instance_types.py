"""Reads properties of an instance type from its name.

https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/instance-types.html
"""

from __future__ import annotations

import re

# A `d` behind the generation marks local NVMe storage (m5d, c6gd, g4dn, p4de). The accelerated families
# below have it without the letter.
# https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/InstanceStorage.html
_LOCAL_STORAGE = re.compile(
    r"ml\.(?:[a-z]{1,16}\d{1,4}(?=[a-z]*d)[a-z]*|g[5-9]e?|p[5-9][a-z]*|trn\d+n?|dl1)(?:-[a-z0-9]+)?\."
)


def has_local_storage(instance_type: str) -> bool:
    """Tell whether the type has local NVMe storage; neither a job nor an endpoint config may name a key for it.

    https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_ResourceConfig.html
    https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_CreateEndpointConfig.html
    """
    return _LOCAL_STORAGE.match(instance_type) is not None
