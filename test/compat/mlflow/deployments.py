"""Either MLflow's own scoring server on a model with every type of column, or MLflow's own clients against any server."""
import json
import sys
import tempfile

import mlflow
import pandas as pd
from mlflow.models.signature import ModelSignature
from mlflow.types.schema import ColSpec, DataType, ParamSchema, ParamSpec, Schema, TensorSpec


class People(mlflow.pyfunc.PythonModel):
    def predict(self, context, model_input, params=None):
        threshold = (params or {}).get("threshold", 30.0)
        score = model_input["age"].astype("float64") + model_input["height"]
        label = ["old" if age > threshold else "young" for age in model_input["age"]]
        return pd.DataFrame({"score": score.tolist(), "label": label})


class Linear(mlflow.pyfunc.PythonModel):
    def predict(self, context, model_input, params=None):
        return model_input * 2


def serve(name, port):
    import numpy as np
    import uvicorn
    from mlflow.pyfunc import scoring_server

    if name == "people":
        columns = [
            ColSpec(DataType.string, "name"),
            ColSpec(DataType.long, "age"),
            ColSpec(DataType.integer, "rooms"),
            ColSpec(DataType.double, "height"),
            ColSpec(DataType.float, "weight"),
            ColSpec(DataType.boolean, "smoker"),
            ColSpec(DataType.datetime, "seen", required=False),
            ColSpec(DataType.binary, "photo", required=False),
        ]
        params = ParamSchema([ParamSpec("threshold", DataType.double, 30.0)])
        model, signature = People(), ModelSignature(Schema(columns), params=params)
    else:
        model, signature = Linear(), ModelSignature(Schema([TensorSpec(np.dtype("float32"), (-1, 2))]))
    with tempfile.TemporaryDirectory() as folder:
        mlflow.pyfunc.save_model(folder + "/m", python_model=model, signature=signature, pip_requirements=[])
        loaded = mlflow.pyfunc.load_model(folder + "/m")
    uvicorn.run(scoring_server.init(loaded), host="127.0.0.1", port=port, log_level="error")


def clients(url):
    from mlflow.deployments import get_deploy_client
    from mlflow.pyfunc.scoring_server.client import ScoringServerClient

    client = get_deploy_client(url)
    row = {"name": "ada", "age": 36, "rooms": 3, "height": 1.5, "weight": 60.5, "smoker": False}
    split = pd.DataFrame([row, {**row, "age": 20}])
    seen = {
        "listed": [one.model_dump() for one in client.list_endpoints()],
        "got": client.get_endpoint("people").model_dump(),
        "predicted": client.predict(
            endpoint="people",
            inputs={"dataframe_split": split.to_dict(orient="split"), "params": {"threshold": 50.0}},
        ),
    }
    try:
        client.predict(endpoint="people", inputs={"dataframe_records": [{**row, "age": "x"}]})
    except Exception as error:
        seen["refused"] = str(error)
    host, port = url.removeprefix("http://").split(":")
    scoring = ScoringServerClient(host, int(port))
    scoring.wait_server_ready()
    seen["version"] = scoring.get_version()
    seen["scored"] = scoring.invoke(split).get_predictions().to_dict(orient="records")
    print(json.dumps(seen))


if sys.argv[1] == "serve":
    serve(sys.argv[2], int(sys.argv[3]))
else:
    clients(sys.argv[2])
