"""Trains a logistic regression on some columns of the table."""

import argparse
import os
import sys
from pathlib import Path

import joblib
from rows import features, read
from sklearn.feature_extraction import DictVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--strength", type=float, default=1.0)
    parser.add_argument("--max-iter", type=int, default=100)
    arguments = parser.parse_args()
    train = read(os.environ["SM_CHANNEL_TRAIN"])
    model = make_pipeline(
        DictVectorizer(), LogisticRegression(C=arguments.strength, max_iter=arguments.max_iter, random_state=0)
    )
    model.fit([features(row[1:]) for row in train], [row[0] for row in train])
    for channel in ("train", "validation"):
        rows = read(os.environ[f"SM_CHANNEL_{channel.upper()}"])
        score = model.score([features(row[1:]) for row in rows], [row[0] for row in rows])
        sys.stdout.write(f"{channel} accuracy: {score:.4f}\n")
    joblib.dump(model, Path(os.environ["SM_MODEL_DIR"]) / "model.joblib")


if __name__ == "__main__":
    main()
