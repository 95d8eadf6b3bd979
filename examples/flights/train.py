"""Trains the model: gradient boosting over the 19 raw columns, encoding and imputation inside the pipeline.

    python train.py        reads features.parquet, writes model.joblib and sample.parquet
"""
import argparse
import time

import joblib
import mlflow
import mlflow.sklearn
import pandas as pd
from mlflow.models import infer_signature
from sklearn.compose import ColumnTransformer
from sklearn.ensemble import GradientBoostingClassifier
from sklearn.impute import SimpleImputer
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import OrdinalEncoder

from features import INPUTS, NUMBER_INPUTS, TARGET, TEXT_INPUTS


def build_model(trees, depth, seed):
    columns = ColumnTransformer([
        # an airport or airline never seen before becomes -1: it is answered, not refused
        ("text", OrdinalEncoder(handle_unknown="use_encoded_value", unknown_value=-1), TEXT_INPUTS),
        ("number", SimpleImputer(strategy="median"), NUMBER_INPUTS),
    ])
    trees = GradientBoostingClassifier(n_estimators=trees, max_depth=depth, subsample=0.3, max_features=8, random_state=seed)
    return Pipeline([("columns", columns), ("trees", trees)])


def draw(table, rows, seed):
    """At most `rows` of the training rows: the whole past at a bounded cost (a short window would forget the winter)."""
    known = table[table["part"] == "train"]
    return known.sample(rows, random_state=seed) if len(known) > rows else known


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--trees", type=int, default=100)
    parser.add_argument("--depth", type=int, default=4)
    parser.add_argument("--rows", type=int, default=60_000)
    parser.add_argument("--seed", type=int, default=0)
    args = parser.parse_args()

    table = pd.read_parquet("features.parquet", columns=INPUTS + [TARGET, "part", "day"])
    train = draw(table, args.rows, args.seed)
    model = build_model(args.trees, args.depth, args.seed)
    started = time.perf_counter()
    model.fit(train[INPUTS], train[TARGET])
    seconds = time.perf_counter() - started

    # a sample of what it was trained on: checks the exported model, and is the reference for drift
    sample = train[INPUTS].sample(min(5_000, len(train)), random_state=args.seed)
    sample.to_parquet("sample.parquet", index=False)
    joblib.dump(model, "model.joblib")

    with mlflow.start_run():
        mlflow.log_params(vars(args))
        mlflow.log_metrics({"fit_seconds": seconds, "train_rows": len(train), "train_not_on_time": train[TARGET].mean()})
        mlflow.set_tags({"first_day": train["day"].min(), "last_day": train["day"].max()})
        rows = sample.head(5)
        # with the requirements given, mlflow need not import everything again to find them out
        mlflow.sklearn.log_model(model, name="model", signature=infer_signature(rows, model.predict_proba(rows)),
                                 pip_requirements="requirements.txt")
    print(f"{len(train):,} flights of {train['day'].min()} to {train['day'].max()}, "
          f"{train[TARGET].mean():.1%} not on time, fitted in {seconds:.1f} s")


if __name__ == "__main__":
    main()
