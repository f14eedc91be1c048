"""The report of a release: one HTML page for the person who approves it."""

from pipeline_lambdas.report.page import render

__all__ = ["render"]
