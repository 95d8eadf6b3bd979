"""Trains the recommender: logistic regression on who plays what against whom, recent matches counting most.

    python train.py        reads features.parquet, writes model.joblib and sample.parquet
"""
import argparse

import joblib
import mlflow
import mlflow.sklearn
import numpy as np
import pandas as pd
from mlflow.models import infer_signature
from sklearn.compose import ColumnTransformer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler

from features import INPUTS, NUMBER_INPUTS, TARGET, TEXT_INPUTS


def build_model():
    columns = ColumnTransformer([
        # a champion never seen before has no column: it is judged by the rest
        ("text", OneHotEncoder(handle_unknown="ignore", sparse_output=False), TEXT_INPUTS),
        ("number", StandardScaler(), NUMBER_INPUTS),
    ])
    return Pipeline([("columns", columns), ("odds", LogisticRegression(C=0.5, max_iter=300))])


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--half-life", type=float, default=1.0, help="days after which a match counts half")
    args = parser.parse_args()
    table = pd.read_parquet("features.parquet")
    train = table[table["part"] == "train"]
    weights = np.power(0.5, train["age_days"].to_numpy() / args.half_life)
    model = build_model()
    model.fit(train[INPUTS], train[TARGET], odds__sample_weight=weights)

    sample = train[INPUTS].sample(min(5_000, len(train)), random_state=0)
    sample.to_parquet("sample.parquet", index=False)
    joblib.dump(model, "model.joblib")
    with mlflow.start_run():
        mlflow.log_params(vars(args))
        mlflow.log_metrics({"train_rows": len(train), "effective_rows": float(weights.sum())})
        rows = sample.head(5)
        # with the requirements given, mlflow need not import everything again to find them out
        mlflow.sklearn.log_model(model, name="model", signature=infer_signature(rows, model.predict_proba(rows)),
                                 pip_requirements="requirements.txt")
    print(f"{len(train):,} picks, worth {weights.sum():,.0f} of today")


if __name__ == "__main__":
    main()
