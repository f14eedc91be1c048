"""Computes metrics by functions of a data scientist's; a program of its own, for SageMaker's scikit-learn image.

It travels with the functions' file in the source of a processing job that has neither a network nor credentials, and
imports nothing of this project but itself: the standard library, and numpy as the image has it. It is written for
Python 3.9, the oldest that scikit-learn 1.4 runs on (https://pypi.org/project/scikit-learn/1.4.2/).

It only calls the functions: on all tested rows, on those of each slice, and on rows drawn again and again. What follows
from the values, intervals and verdicts, is the business of whoever reads them.

    entry -> job -> functions, resampling, slices -> tested
"""
