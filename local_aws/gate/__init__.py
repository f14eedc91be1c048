"""The one door of local AWS: who may send a request at all, asked before anything else is done with it."""

from local_aws.gate.gate import Gate

__all__ = ["Gate"]
