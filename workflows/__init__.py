"""The Step Functions workflows: a folder per system, with its state machines, its functions and its sample data.

In each, `handlers` parse and answer, modules beside them decide, and `workflows.aws` asks AWS.
"""
