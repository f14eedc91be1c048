"""Trains and serves XGBoost on the raw rows of a table; a program of its own, which runs in SageMaker's image.

It travels in the source tarball of a training job and in the model, so it imports nothing of this project but itself:
the standard library, and numpy, scipy and XGBoost as the image has them. It is written for Python 3.10 and XGBoost
3.0.5, those of the image 3.0-5; 3.2-0 has Python 3.12 and XGBoost 3.2.0
(https://github.com/aws/deep-learning-containers, docker/xgboost). 1.7-1 has Python 3.8, and its XGBoost 1.7 calls
categories experimental.

    entry -> job -> training, reading, labels -> treatment -> number, category, text, date -> readable, counting
    entry -> serving -> requests, answers -> treatment -> ...
"""
