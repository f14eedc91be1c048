"""Script mode: the framework images, which run a program of the user's by the contract of SageMaker's toolkits.

`frameworks.py` knows the images, `launch.py` starts their containers. In a container, `training.py` and `serving.py`
are the programs `train` and `serve`; what they share is in the other modules.
"""
