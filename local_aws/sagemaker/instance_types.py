"""Which instance types bring NVMe storage of their own, for which SageMaker takes no KMS key.

The families that SageMaker's API names, by the tables of instance store volumes of EC2:
https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/instance-store-volumes.html
"""

from __future__ import annotations

_FAMILIES = frozenset(
    {
        *("c5d", "c6gd", "c6id", "m5d", "m6gd", "m6id", "r5d", "r6gd", "r6id", "r7gd"),
        *("g4dn", "g5", "g6", "g6e", "g7", "g7e", "p3dn", "p4d", "p4de", "p5", "p5e", "p5en"),
        *("p6-b200", "p6-b300", "p6e-gb200", "dl1", "trn1", "trn1n", "trn2"),
    }
)


def has_local_storage(instance_type: str) -> bool:
    """Whether a type such as `ml.g5.xlarge` has local storage, which a module of its hardware encrypts."""
    return instance_type.removeprefix("ml.").partition(".")[0] in _FAMILIES
