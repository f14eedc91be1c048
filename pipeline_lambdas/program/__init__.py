"""Runs a data scientist's program in a framework's image of SageMaker; it travels with the program.

It imports nothing of this project and is written for Python 3.8, that of the oldest image.
"""
