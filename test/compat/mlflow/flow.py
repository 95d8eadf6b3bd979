"""The classic flow of MLflow, by its own unmodified client. Every step asserts what the server must give back."""

import math
import os
import sys
import tempfile
import warnings

os.environ.setdefault("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "1")
os.environ.setdefault("MLFLOW_ENABLE_ASYNC_TRACE_LOGGING", "false")
os.environ.setdefault("MLFLOW_DISABLE_TELEMETRY", "true")
os.environ.setdefault("GIT_PYTHON_REFRESH", "quiet")

import mlflow
import pandas as pd
from mlflow import MlflowClient
from mlflow.exceptions import MlflowException
from mlflow.models import infer_signature
from sklearn.linear_model import LogisticRegression

mlflow.set_tracking_uri(sys.argv[1])
client = MlflowClient()
done = []


def step(name):
    done.append(name)
    print("ok", name, flush=True)


def refused(call, text, code):
    try:
        call()
    except MlflowException as error:
        assert text in str(error), str(error)
        assert error.error_code == code, error.error_code
        return
    raise AssertionError(f"not refused: {text}")


X = pd.DataFrame({"a": [0.0, 1.0, 2.0, 3.0] * 10, "b": [1.0, 0.0, 1.0, 0.0] * 10})
y = pd.Series([0, 0, 1, 1] * 10)

experiment = mlflow.set_experiment("flights")
assert experiment.artifact_location == f"mlflow-artifacts:/{experiment.experiment_id}"
assert client.get_experiment("0").name == "Default"
assert mlflow.set_experiment("flights").experiment_id == experiment.experiment_id
client.set_experiment_tag(experiment.experiment_id, "team", "air")
assert client.get_experiment_by_name("flights").tags["team"] == "air"
assert [e.name for e in client.search_experiments(filter_string="tags.team = 'air'")] == ["flights"]
refused(lambda: client.create_experiment("flights"), "already exists", "RESOURCE_ALREADY_EXISTS")
refused(lambda: client.create_experiment("x", artifact_location="file:///etc"), "artifact_location", "INVALID_PARAMETER_VALUE")
step("experiments")

with mlflow.start_run(run_name="first") as run:
    mlflow.log_param("depth", 4)
    mlflow.log_params({"trees": 100, "long": "x" * 7000})
    for i in range(5):
        mlflow.log_metric("loss", 1.0 / (i + 1), step=i)
    mlflow.log_metrics({"auc": 0.9, "nan": float("nan"), "inf": float("inf")}, step=1)
    mlflow.set_tag("kind", "tree")
    mlflow.set_tags({"a/b": "c", "gone": "x"})
    mlflow.delete_tag("gone")
    mlflow.log_text("hello\n", "notes/hello world.txt")
    mlflow.log_dict({"k": [1, 2]}, "conf.json")
    mlflow.log_input(mlflow.data.from_pandas(X, name="sample"), context="training")
    run_id = run.info.run_id
first = client.get_run(run_id)
assert first.info.run_name == "first" and first.info.status == "FINISHED"
assert first.info.end_time >= first.info.start_time
assert first.data.params["depth"] == "4" and len(first.data.params["long"]) == 6000
assert first.data.metrics["loss"] == 0.2 and first.data.metrics["auc"] == 0.9
assert math.isnan(first.data.metrics["nan"]) and first.data.metrics["inf"] > 1e308
assert first.data.tags["kind"] == "tree" and first.data.tags["a/b"] == "c" and "gone" not in first.data.tags
assert first.inputs.dataset_inputs[0].dataset.name == "sample"
assert first.inputs.dataset_inputs[0].tags[0].value == "training"
step("params, metrics, tags, dataset input")

history = client.get_metric_history(run_id, "loss")
assert [(m.step, m.value) for m in history] == [(i, 1.0 / (i + 1)) for i in range(5)]
client.log_metric(run_id, "loss", 0.2, timestamp=history[-1].timestamp, step=4)
assert len(client.get_metric_history(run_id, "loss")) == 5
assert client.get_metric_history(run_id, "unknown") == []
step("metric history; a repeated point is dropped")

refused(lambda: client.log_param(run_id, "depth", 5), "Changing param values is not allowed", "INVALID_PARAMETER_VALUE")
refused(lambda: client.get_run("0" * 32), "not found", "RESOURCE_DOES_NOT_EXIST")
refused(lambda: client.log_metric(run_id, "../x", 1.0), "Invalid value", "INVALID_PARAMETER_VALUE")
step("refusals carry MLflow's codes")

assert sorted(f.path for f in client.list_artifacts(run_id)) == ["conf.json", "notes"]
assert [f.path for f in client.list_artifacts(run_id, "notes")] == ["notes/hello world.txt"]
assert mlflow.artifacts.load_text(f"runs:/{run_id}/notes/hello world.txt") == "hello\n"
assert mlflow.artifacts.load_dict(f"runs:/{run_id}/conf.json") == {"k": [1, 2]}
with tempfile.TemporaryDirectory() as folder:
    path = os.path.join(folder, "big.bin")
    with open(path, "wb") as file:
        file.write(os.urandom(3_000_000))
    client.log_artifact(run_id, path, "data")
    back = client.download_artifacts(run_id, "data", folder)
    with open(path, "rb") as one, open(os.path.join(back, "big.bin"), "rb") as two:
        assert one.read() == two.read()
step("artifacts")

with mlflow.start_run(run_name="model") as run:
    model = LogisticRegression().fit(X, y)
    info = mlflow.sklearn.log_model(
        model, name="classifier", signature=infer_signature(X, model.predict(X)), registered_model_name="flights"
    )
    mlflow.log_metric("auc", 0.95)
    model_run = run.info.run_id
assert int(info.registered_model_version) == 1
logged = client.get_logged_model(info.model_id)
assert logged.status == "READY" and logged.source_run_id == model_run
assert [m.model_id for m in client.search_logged_models([experiment.experiment_id])] == [info.model_id]
assert mlflow.get_run(model_run).outputs.model_outputs[0].model_id == info.model_id
assert (mlflow.sklearn.load_model(info.model_uri).predict(X) == model.predict(X)).all()
step("sklearn log_model with signature and registration")

client.set_registered_model_alias("flights", "champion", "1")
assert client.get_model_version_by_alias("flights", "champion").version in (1, "1")
assert client.get_registered_model("flights").aliases == {"champion": "1"} or client.get_registered_model("flights").aliases == {"champion": 1}
loaded = mlflow.pyfunc.load_model("models:/flights@champion")
assert (loaded.predict(X) == model.predict(X)).all()
assert [c.name for c in loaded.metadata.signature.inputs.inputs] == ["a", "b"]
with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    staged = client.transition_model_version_stage("flights", "1", "staging")
    assert staged.current_stage == "Staging"
    assert [v.version for v in client.get_latest_versions("flights", ["Staging"])] in ([1], ["1"])
client.set_model_version_tag("flights", "1", "checked", "yes")
client.update_model_version("flights", "1", "the first")
version = client.get_model_version("flights", "1")
assert version.tags["checked"] == "yes" and version.description == "the first" and version.run_id == model_run
assert (mlflow.sklearn.load_model("models:/flights/1").predict(X) == model.predict(X)).all()
assert [v.version for v in client.search_model_versions("name = 'flights'")] in ([1], ["1"])
assert [m.name for m in client.search_registered_models("name LIKE 'fli%'")] == ["flights"]
second = mlflow.register_model(f"models:/{info.model_id}", "flights")
assert int(second.version) == 2
client.delete_model_version("flights", "2")
assert int(mlflow.register_model(f"runs:/{model_run}/classifier", "flights").version) == 3
refused(lambda: client.get_model_version("flights", "2"), "not found", "RESOURCE_DOES_NOT_EXIST")
refused(lambda: client.create_model_version("flights", "file:///etc/passwd"), "Invalid model version source", "INVALID_PARAMETER_VALUE")
client.delete_registered_model_alias("flights", "champion")
refused(lambda: client.get_model_version_by_alias("flights", "champion"), "not found", "INVALID_PARAMETER_VALUE")
step("registry: alias, stage, tags, search, load by alias and version")

ids = [experiment.experiment_id]
found = client.search_runs(ids, "metrics.auc > 0.8 and tags.`mlflow.runName` LIKE 'f%'")
assert [r.info.run_id for r in found] == [run_id]
found = client.search_runs(ids, "metrics.auc > 0.5", order_by=["metrics.auc DESC"])
assert [r.info.run_id for r in found] == [model_run, run_id]
page = client.search_runs(ids, max_results=1, order_by=["start_time ASC"])
assert page.token and page[0].info.run_id == run_id
assert client.search_runs(ids, max_results=1, order_by=["start_time ASC"], page_token=page.token)[0].info.run_id == model_run
assert [r.info.run_id for r in client.search_runs(ids, "params.depth = '4' and dataset.name = 'sample'")] == [run_id]
assert len(mlflow.search_runs(experiment_names=["flights"])) == 2
refused(lambda: client.search_runs(ids, "metrics.auc >"), "Invalid", "INVALID_PARAMETER_VALUE")
step("search with filters, order and pages")

mlflow.sklearn.autolog(log_input_examples=False)
with mlflow.start_run(run_name="auto") as auto:
    LogisticRegression(max_iter=50).fit(X, y)
mlflow.sklearn.autolog(disable=True)
auto = client.get_run(auto.info.run_id)
assert auto.data.params["max_iter"] == "50" and "training_score" in auto.data.metrics, auto.data
step("autolog")


@mlflow.trace
def answer(question):
    return question + "!"


assert answer("why") == "why!"
trace_id = mlflow.get_last_active_trace_id()
trace = client.get_trace(trace_id)
assert trace.info.experiment_id == experiment.experiment_id
assert [s.name for s in trace.data.spans] == ["answer"] and trace.data.spans[0].inputs == {"question": "why"}
client.set_trace_tag(trace_id, "seen", "yes")
assert client.get_trace(trace_id).info.tags["seen"] == "yes"
assert len(client.search_traces(experiment_ids=ids)) == 1
step("a trace and its spans")

with mlflow.start_run(run_name="parent") as parent:
    with mlflow.start_run(run_name="child", nested=True) as child:
        mlflow.log_metric("m", 1)
children = client.search_runs(ids, f"tags.mlflow.parentRunId = '{parent.info.run_id}'")
assert [r.info.run_id for r in children] == [child.info.run_id]
client.delete_run(child.info.run_id)
refused(lambda: client.log_metric(child.info.run_id, "m", 2), "must be in the 'active' state", "INVALID_PARAMETER_VALUE")
assert client.search_runs(ids, f"tags.mlflow.parentRunId = '{parent.info.run_id}'") == []
client.restore_run(child.info.run_id)
assert client.get_run(child.info.run_id).info.lifecycle_stage == "active"
client.update_run(child.info.run_id, name="renamed")
assert client.get_run(child.info.run_id).data.tags["mlflow.runName"] == "renamed"
step("nested runs, delete and restore")

other = client.create_experiment("other")
inside = client.create_run(other).info.run_id
client.delete_experiment(other)
assert client.get_run(inside).info.lifecycle_stage == "deleted"
refused(lambda: client.create_experiment("other"), "already exists", "RESOURCE_ALREADY_EXISTS")
client.restore_experiment(other)
assert client.get_run(inside).info.lifecycle_stage == "active"
client.rename_experiment(other, "another")
assert client.get_experiment(other).name == "another"
step("experiments deleted, restored, renamed")

print("steps", len(done))
