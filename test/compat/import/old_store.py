"""Fills an MLflow store the way teams do. Arguments: tracking URI, number of runs."""

import math
import sys
import time

import mlflow
import numpy as np
from mlflow import MlflowClient
from mlflow.entities import AssessmentSource, Metric, Param, RunTag
from sklearn.linear_model import LinearRegression

uri, runs = sys.argv[1], int(sys.argv[2])
mlflow.set_tracking_uri(uri)
client = MlflowClient()
experiments = [client.create_experiment(f"vorhaben {i} é", tags={"team": "a", "n": str(i)}) for i in range(3)]
for i in range(runs):
    run = client.create_run(experiments[i % 3], run_name=f"run {i}", tags={"k": "v" * (i % 50 + 1)})
    now = 1_700_000_000_000 + i * 1000
    metrics = [
        Metric(key, math.sin(step * j) + i, now + step, step)
        for j, key in enumerate(["loss", "acc/val", "a b"])
        for step in range(10)
    ]
    if i % 10 == 0:
        metrics += [Metric("nan", float("nan"), now, 0), Metric("inf", float("inf"), now, 1)]
    client.log_batch(run.info.run_id, metrics, [Param("lr", str(0.1 * i)), Param("seed", str(i % 3))], [RunTag("mlflow.user", "ann")])
    if i % 5 == 0:
        client.log_text(run.info.run_id, f"hello {i // 10}", "notes/hello é.txt")
    if i % 17 == 0:
        client.delete_run(run.info.run_id)
    else:
        client.set_terminated(run.info.run_id, "FAILED" if i % 13 == 0 else "FINISHED")
client.delete_experiment(experiments[2])

features = np.arange(20).reshape(-1, 2).astype(float)
for version in (1, 2):
    mlflow.set_experiment(experiment_id=experiments[0])
    with mlflow.start_run(run_name=f"model {version}"):
        mlflow.log_input(mlflow.data.from_numpy(features, name="toy"), context="training")
        model = LinearRegression().fit(features, version * features.sum(1))
        mlflow.sklearn.log_model(model, name="model", registered_model_name="toy", pip_requirements=["scikit-learn"])
        mlflow.log_metric("rmse", 0.1 * version)
client.set_registered_model_alias("toy", "champion", 2)
client.set_model_version_tag("toy", "1", "checked", "yes")
client.update_registered_model("toy", "a toy")
client.transition_model_version_stage("toy", "1", "Staging")


@mlflow.trace(span_type="CHAIN")
def answer(question):
    with mlflow.start_span("look up", span_type="RETRIEVER") as span:
        span.set_inputs({"q": question})
        span.set_outputs([1, 2.0, "é"])
    if question == "bad":
        raise ValueError("no")
    return question * 2


mlflow.set_experiment(experiment_id=experiments[1])
with mlflow.start_run(run_name="asked"):
    for question in ("good", "bad"):
        try:
            answer(question)
        except ValueError:
            pass
mlflow.flush_trace_async_logging()
traces = mlflow.search_traces(locations=[experiments[1]], return_type="list")
trace = next(one.info.trace_id for one in traces if one.info.state == "OK")
ann = AssessmentSource("HUMAN", "ann")
mlflow.log_feedback(trace_id=trace, name="right", value=True, rationale="I asked", source=ann)
mlflow.log_expectation(trace_id=trace, name="answer", value={"text": "goodgood"}, source=ann)
score = mlflow.log_feedback(trace_id=trace, name="score", value=0.5)
mlflow.override_feedback(trace_id=trace, assessment_id=score.assessment_id, value=0.75)
mlflow.set_trace_tag(trace, "checked", "yes")
print("made", runs + 3, time.strftime("%H:%M:%S"))
