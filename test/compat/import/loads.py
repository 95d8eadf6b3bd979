"""The unmodified client finds what was brought over. Argument: tracking URI."""

import sys

import mlflow
import numpy as np

mlflow.set_tracking_uri(sys.argv[1])
client = mlflow.MlflowClient()
model = mlflow.pyfunc.load_model("models:/toy@champion")
prediction = model.predict(np.array([[1.0, 2.0]]))
assert abs(float(prediction[0]) - 6.0) < 1e-9, prediction
assert client.get_model_version("toy", "1").current_stage == "Staging"
assert client.get_model_version("toy", "1").tags == {"checked": "yes"}
experiment = client.get_experiment_by_name("vorhaben 0 é")
run = client.search_runs([experiment.experiment_id], "attributes.run_name = 'run 0'", run_view_type=3)[0]
assert run.info.lifecycle_stage == "deleted"
run = client.search_runs([experiment.experiment_id], "attributes.run_name = 'run 30'")[0]
history = client.get_metric_history(run.info.run_id, "loss")
assert [point.step for point in history] == list(range(10)), history
assert history[0].timestamp == 1_700_000_030_000
assert [f.path for f in client.list_artifacts(run.info.run_id, "notes")] == ["notes/hello é.txt"]
assert mlflow.artifacts.load_text(f"runs:/{run.info.run_id}/notes/hello é.txt") == "hello 3"
experiment = client.get_experiment_by_name("vorhaben 1 é")
traces = mlflow.search_traces(locations=[experiment.experiment_id], filter_string="tags.checked = 'yes'", return_type="list")
assert len(traces) == 1, traces
trace = mlflow.get_trace(traces[0].info.trace_id)
assert trace.info.state == "OK", trace.info
root, inner = trace.data.spans
assert (root.name, inner.name, inner.parent_id) == ("answer", "look up", root.span_id)
assert root.inputs == {"question": "good"} and root.outputs == "goodgood", root
assert inner.outputs == [1, 2.0, "é"] and inner.span_type == "RETRIEVER", inner
assert root.start_time_ns <= inner.start_time_ns <= inner.end_time_ns <= root.end_time_ns
said = {one.name: one for one in trace.info.assessments if one.valid is not False}
assert said["right"].value is True and said["right"].source.source_id == "ann", said
assert said["score"].value == 0.75 and said["answer"].value == {"text": "goodgood"}, said
assert client.get_run(trace.info.trace_metadata["mlflow.sourceRun"]).info.run_name == "asked"
print("loads 15")
