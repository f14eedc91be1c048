"""Decides who may send a request to local AWS, before anything else handles it."""

from local_aws.gate.gate import Gate

__all__ = ["Gate"]
