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
print("loads 8")
