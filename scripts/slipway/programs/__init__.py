"""Tries a data scientist's program on this machine, in seconds and before a push."""
