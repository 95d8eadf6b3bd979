"""Judges the exported model on the newest six hours, which training has not seen.

    python evaluate.py     reads model.onnx and features.parquet, writes metrics.json and scores.csv
"""
import json

import mlflow
import numpy as np
import onnxruntime
import pandas as pd

from features import INPUTS, TARGET, TEXT_INPUTS


def predict(model_file, rows):
    """Probability of a win for each pick, from the very file that will be served."""
    session = onnxruntime.InferenceSession(model_file, providers=["CPUExecutionProvider"])
    feed = {
        name: rows[name].to_numpy(dtype=object if name in TEXT_INPUTS else np.float32).reshape(-1, 1)
        for name in INPUTS
    }
    probabilities = session.run([session.get_outputs()[-1].name], feed)[0]
    return probabilities[:, 1].astype("float64")


def rank_auc(outcome, prediction):
    """Chance that a won match was given a higher probability than a lost one (ties count half)."""
    ranks = pd.Series(prediction).rank().to_numpy()
    won = outcome == 1
    positives, negatives = won.sum(), (~won).sum()
    return (ranks[won].sum() - positives * (positives + 1) / 2) / (positives * negatives)


def judge(outcome, prediction):
    p = np.clip(prediction, 1e-7, 1 - 1e-7)
    return {
        "log_loss": float(-np.mean(outcome * np.log(p) + (1 - outcome) * np.log(1 - p))),
        "brier": float(np.mean((p - outcome) ** 2)),
        "auc": float(rank_auc(outcome, p)),
        "accuracy": float(np.mean((p >= 0.5) == (outcome == 1))),
        # 1 = as many wins as the model expected
        "observed_expected": float(outcome.sum() / p.sum()),
    }


def main():
    table = pd.read_parquet("features.parquet")
    gate = table[table["part"] == "gate"]
    prediction = predict("model.onnx", gate)
    outcome = gate[TARGET].to_numpy()
    metrics = judge(outcome, prediction)
    with open("metrics.json", "w") as file:
        json.dump(metrics, file, indent=2)
    # intervals draw whole hours
    scores = pd.DataFrame({"outcome": outcome, "prediction": prediction.round(7), "block": gate["hour"].to_numpy()})
    scores.to_csv("scores.csv", index=False)
    with mlflow.start_run():
        mlflow.log_metrics(metrics)
    print(f"{len(gate):,} picks: "
          + ", ".join(f"{name} {value:.4f}" for name, value in metrics.items()))


if __name__ == "__main__":
    main()
