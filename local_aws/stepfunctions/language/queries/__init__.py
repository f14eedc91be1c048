"""JSONata by jsonata-python, with what AWS adds to it, leaves out and bounds.

Nothing outside `expressions` imports these modules, and that does when the first expression is met: the library costs
more than 1 MiB.
"""
