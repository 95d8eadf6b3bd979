"""What users do beyond the classic flow, by MLflow's own unmodified client; the same file with 3.x and with the last 2.x."""

import os
import subprocess
import sys
import tempfile
import time
import warnings

os.environ["MLFLOW_HTTP_REQUEST_MAX_RETRIES"] = "1"
os.environ["MLFLOW_DISABLE_TELEMETRY"] = "true"
os.environ["GIT_PYTHON_REFRESH"] = "quiet"
os.environ["MPLBACKEND"] = "agg"
os.environ["MLFLOW_SYSTEM_METRICS_SAMPLING_INTERVAL"] = "0.2"
os.environ["MLFLOW_SYSTEM_METRICS_SAMPLES_BEFORE_LOGGING"] = "1"
os.environ["MLFLOW_ENABLE_PROXY_MULTIPART_UPLOAD"] = "true"
os.environ["MLFLOW_MULTIPART_UPLOAD_MINIMUM_FILE_SIZE"] = str(10 * 2**20)
os.environ["MLFLOW_MULTIPART_UPLOAD_CHUNK_SIZE"] = str(5 * 2**20)
os.environ["MLFLOW_ENABLE_PROXY_MULTIPART_DOWNLOAD"] = "true"
os.environ["MLFLOW_MULTIPART_DOWNLOAD_MINIMUM_FILE_SIZE"] = str(10 * 2**20)
os.environ["MLFLOW_MULTIPART_DOWNLOAD_CHUNK_SIZE"] = str(5 * 2**20)
os.environ["MLFLOW_TRACKING_URI"] = sys.argv[1]

import matplotlib.pyplot as plt
import mlflow
import numpy as np
import pandas as pd
from mlflow import MlflowClient
from mlflow.exceptions import MlflowException
from sklearn.linear_model import LogisticRegression

warnings.simplefilter("ignore")
THREE = mlflow.__version__.startswith("3.")
client = MlflowClient()
done = []


def step(name):
    done.append(name)
    print("ok", name, flush=True)


X = pd.DataFrame({"a": [0.0, 1.0, 2.0, 3.0] * 10, "b": [1.0, 0.0, 1.0, 0.0] * 10})
y = pd.Series([0, 0, 1, 1] * 10)
experiment = mlflow.set_experiment("client flow").experiment_id

with mlflow.start_run(run_name="async") as run:
    for i in range(200):
        mlflow.log_metric("loss", 1 / (i + 1), step=i, synchronous=False)
    mlflow.log_params({"p": 1, "q": 2}, synchronous=False)
    mlflow.set_tags({"t": "u"}, synchronous=False)
    mlflow.flush_async_logging()
found = client.get_run(run.info.run_id)
assert len(client.get_metric_history(run.info.run_id, "loss")) == 200
assert found.data.params == {"p": "1", "q": "2"} and found.data.tags["t"] == "u"
step("async logging")

with mlflow.start_run(run_name="system", log_system_metrics=True) as run:
    time.sleep(1.2)
keys = client.get_run(run.info.run_id).data.metrics
assert "system/cpu_utilization_percentage" in keys and "system/system_memory_usage_megabytes" in keys, keys
step("system metrics")

with mlflow.start_run(run_name="files") as run:
    files = run.info.run_id
    mlflow.log_table({"question": ["why", "how"], "n": [1, 2]}, "table.json")
    mlflow.log_table({"question": ["who"], "n": [3]}, "table.json")
    mlflow.log_dict({"k": [1, {"x": None}]}, "conf/settings.json")
    figure, axis = plt.subplots()
    axis.plot([1, 2, 3])
    mlflow.log_figure(figure, "figures/line.png")
    mlflow.log_image(np.zeros((8, 8, 3), dtype=np.uint8), "black.png")
    mlflow.log_image(np.full((8, 8, 3), 255, dtype=np.uint8), key="white", step=3)
    mlflow.log_text("text", "ümläut/naïve file.txt")
table = mlflow.load_table("table.json", run_ids=[files])
assert list(table["n"]) == [1, 2, 3]
assert mlflow.artifacts.load_dict(f"runs:/{files}/conf/settings.json") == {"k": [1, {"x": None}]}
assert mlflow.artifacts.load_image(f"runs:/{files}/black.png").size == (8, 8)
assert any(f.path.startswith("images/white") for f in client.list_artifacts(files, "images"))
assert mlflow.artifacts.load_text(f"runs:/{files}/ümläut/naïve file.txt") == "text"
step("tables, dicts, figures, images, text")

with tempfile.TemporaryDirectory() as folder:
    path = os.path.join(folder, "big.bin")
    with open(path, "wb") as file:
        file.write(os.urandom(25 * 2**20 + 7))
    client.log_artifact(files, path, "large")
    back = client.download_artifacts(files, "large/big.bin", os.path.join(folder))
    with open(path, "rb") as one, open(back, "rb") as two:
        assert one.read() == two.read()
step("25 MB in parts of 5 MB")

with mlflow.start_run(run_name="model") as run:
    model = LogisticRegression().fit(X, y)
    place = {"name": "classifier"} if THREE else {"artifact_path": "classifier"}
    info = mlflow.sklearn.log_model(model, registered_model_name="client-flow", input_example=X[:2], **place)
    model_run = run.info.run_id
client.set_registered_model_alias("client-flow", "champion", "1")
loaded = mlflow.pyfunc.load_model("models:/client-flow@champion")
assert (loaded.predict(X) == model.predict(X)).all()
client.transition_model_version_stage("client-flow", "1", "Production")
assert (mlflow.sklearn.load_model("models:/client-flow/Production").predict(X) == model.predict(X)).all()
assert (mlflow.sklearn.load_model("models:/client-flow/latest").predict(X) == model.predict(X)).all()
assert (mlflow.sklearn.load_model(f"runs:/{model_run}/classifier").predict(X) == model.predict(X)).all()
copied = client.copy_model_version("models:/client-flow@champion", "client-copy")
assert copied.name == "client-copy" and str(copied.version) == "1"
assert (mlflow.sklearn.load_model("models:/client-copy/1").predict(X) == model.predict(X)).all()
client.rename_registered_model("client-copy", "client-renamed")
assert (mlflow.sklearn.load_model("models:/client-renamed/1").predict(X) == model.predict(X)).all()
client.delete_registered_model("client-renamed")
step("log_model, load by alias, stage, latest; copy and rename")

data = X.assign(label=y)
evaluate = mlflow.models.evaluate if hasattr(mlflow.models, "evaluate") else mlflow.evaluate
with mlflow.start_run(run_name="evaluate") as run:
    result = evaluate(
        "models:/client-flow@champion",
        mlflow.data.from_pandas(data, targets="label", name="holdout"),
        model_type="classifier",
        evaluator_config={"log_explainer": False, "log_model_explainability": False},
    )
assert result.metrics["accuracy_score"] == 1.0
found = client.get_run(run.info.run_id)
assert found.data.metrics["accuracy_score"] == 1.0
assert [d.dataset.name for d in found.inputs.dataset_inputs] == ["holdout"]
assert any(f.path.endswith(".png") for f in client.list_artifacts(run.info.run_id))
step("evaluate")

if THREE:
    import lightgbm

    mlflow.lightgbm.autolog()
    with mlflow.start_run(run_name="boosted") as run:
        lightgbm.train({"objective": "binary", "verbose": -1}, lightgbm.Dataset(X, y), num_boost_round=5)
    mlflow.lightgbm.autolog(disable=True)
    found = client.get_run(run.info.run_id)
    assert found.data.params["num_boost_round"] == "5" and found.outputs.model_outputs, found.data
    step("autolog of lightgbm")

    from mlflow.entities.webhook import WebhookEvent

    events = [WebhookEvent.from_str("registered_model.created"), WebhookEvent.from_str("model_version_alias.created")]
    hook = client.create_webhook("ci", "https://93.184.216.34/hook", events, secret="s3cret")
    assert hook.status.value == "ACTIVE" and [str(e) for e in hook.events] == [str(e) for e in events]
    client.update_webhook(hook.webhook_id, description="ours", status="DISABLED")
    assert client.get_webhook(hook.webhook_id).description == "ours"
    assert [w.webhook_id for w in client.list_webhooks()] == [hook.webhook_id]
    client.delete_webhook(hook.webhook_id)
    for url in ["http://93.184.216.34/x", "https://127.0.0.1/x", "https://10.1.2.3/x"]:
        try:
            client.create_webhook("bad", url, events)
            raise AssertionError(url)
        except MlflowException as error:
            assert "Webhook URL" in str(error) or "URL scheme" in str(error), str(error)
    step("webhooks")

    prompt = mlflow.genai.register_prompt("greeting", "Hello {{name}}", tags={"lang": "en"})
    assert mlflow.genai.load_prompt("prompts:/greeting/1").format(name="Ann") == "Hello Ann"
    assert "greeting" not in [m.name for m in client.search_registered_models()]
    assert [p.name for p in mlflow.genai.search_prompts()] == ["greeting"]
    step("prompts")

runs = mlflow.search_runs([experiment], "attributes.run_name = 'async' and metrics.loss < 0.1", output_format="list")
assert [r.info.run_name for r in runs] == ["async"]
client.delete_run(files)
assert files not in [r.info.run_id for r in client.search_runs([experiment])]
assert files in [r.info.run_id for r in client.search_runs([experiment], run_view_type=2)]
client.restore_run(files)
client.set_terminated(files, "FAILED")
assert client.get_run(files).info.status == "FAILED"
step("search, delete, restore, end")


def commands(*lines):
    """All at once: most of their time is the start of Python."""
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
    started = [subprocess.Popen([sys.executable, "-m", "mlflow", *line], env=os.environ, **pipes) for line in lines]
    outputs = [one.communicate() for one in started]
    assert all(one.returncode == 0 for one in started), outputs
    return [output for output, _ in outputs]


with tempfile.TemporaryDirectory() as folder:
    _, listed, experiments = commands(
        ["artifacts", "download", "--run-id", files, "--artifact-path", "conf", "--dst-path", folder],
        ["runs", "list", "--experiment-id", experiment],
        ["experiments", "search"],
    )
    assert os.path.exists(os.path.join(folder, "conf", "settings.json"))
assert files in listed and "client flow" in experiments
step("the command line")

print("steps", len(done))
