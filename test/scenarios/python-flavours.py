"""Saves models of several flavours and signatures into a folder, each with rows and the answers of mlflow.pyfunc: python-flavours.py FOLDER."""
import json
import os
import sys

import mlflow
import numpy
import pandas
from mlflow.models import infer_signature
from mlflow.types import ColSpec, ParamSchema, ParamSpec, Schema, TensorSpec
from mlflow.models import ModelSignature
from sklearn.datasets import load_diabetes, load_iris
from sklearn.linear_model import LinearRegression, LogisticRegression

os.chdir(sys.argv[1])
flowers, species = load_iris(return_X_y=True)
cases = {}


def plain(answer):
    """Named outputs as lists, in the plane's naming."""
    if isinstance(answer, pandas.DataFrame):
        return {str(name): answer[name].tolist() for name in answer.columns}
    if isinstance(answer, dict):
        return {name: numpy.asarray(value).reshape(-1).tolist() for name, value in answer.items()}
    return {"output-0": numpy.asarray(answer).reshape(-1).tolist()}


def keep(name, asked, inputs, params=None):
    model = mlflow.pyfunc.load_model(name)
    answer = model.predict(asked) if params is None else model.predict(asked, params=params)
    cases[name] = {"inputs": inputs, "outputs": plain(answer), "params": params}


def tensor(name, datatype, values):
    values = numpy.asarray(values)
    return {"name": name, "datatype": datatype, "shape": list(values.shape), "data": values.reshape(-1).tolist()}


linear = LogisticRegression(max_iter=1000).fit(flowers, species)
mlflow.sklearn.save_model(linear, "array", signature=infer_signature(flowers, linear.predict(flowers)))
keep("array", flowers[:5], [tensor("input-0", "FP64", flowers[:5])])

mlflow.sklearn.save_model(linear, "bare")
keep("bare", flowers[:5], [tensor("input-0", "FP64", flowers[:5])])

import lightgbm

boosted = lightgbm.LGBMRegressor(n_estimators=20, verbose=-1).fit(*load_diabetes(return_X_y=True, as_frame=True))
table = load_diabetes(as_frame=True).data
mlflow.lightgbm.save_model(boosted, "boosting", signature=infer_signature(table, boosted.predict(table)))
keep("boosting", table.head(4), [tensor(name, "FP64", table[[name]].head(4)) for name in table.columns])


class Mixed(mlflow.pyfunc.PythonModel):
    """Every kind of column, a frame back, and a parameter."""

    def predict(self, context, model_input, params=None):
        factor = (params or {}).get("factor", 1.0)
        known = model_input["note"] if "note" in model_input.columns else ["none"] * len(model_input)
        return pandas.DataFrame({
            "month": model_input["when"].dt.month,
            "scaled": model_input["size"] * factor,
            "text": [f"{kind}/{note}/{flag}" for kind, note, flag in zip(model_input["kind"], known, model_input["flag"])],
            "types": [",".join(str(kind).replace("str", "object") for kind in model_input.dtypes)] * len(model_input),
        })


signature = ModelSignature(
    inputs=Schema([
        ColSpec("datetime", "when"), ColSpec("double", "size"), ColSpec("string", "kind"), ColSpec("boolean", "flag"),
        ColSpec("integer", "steps"), ColSpec("float", "ratio"), ColSpec("string", "note", required=False),
    ]),
    outputs=Schema([ColSpec("integer", "month"), ColSpec("double", "scaled"), ColSpec("string", "text"), ColSpec("string", "types")]),
    params=ParamSchema([ParamSpec("factor", "double", 1.0)]),
)
mlflow.pyfunc.save_model("mixed", python_model=Mixed(), signature=signature)
rows = pandas.DataFrame({
    "when": pandas.to_datetime(["2026-01-31T08:00:00", "2025-12-01"], format="ISO8601"), "size": [1.5, 2.5], "kind": ["é", "b"],
    "flag": [True, False], "steps": numpy.array([1, 2], dtype="int32"), "ratio": numpy.array([0.5, 0.25], dtype="float32"),
})
mixed = [
    {"name": "when", "datatype": "BYTES", "shape": [2, 1], "data": ["2026-01-31T08:00:00", "2025-12-01"]},
    tensor("size", "FP64", rows[["size"]]), tensor("kind", "BYTES", rows[["kind"]]), tensor("flag", "BOOL", rows[["flag"]]),
    tensor("steps", "INT32", rows[["steps"]]), tensor("ratio", "FP32", rows[["ratio"]]),
]
keep("mixed", rows, mixed, {"factor": 3.0})


class Named(mlflow.pyfunc.PythonModel):
    """Named tensors in, named tensors out, of more than two dimensions."""

    def predict(self, context, model_input, params=None):
        return {"sum": model_input["image"].sum(axis=(1, 2)), "twice": model_input["image"] * 2}


mlflow.pyfunc.save_model("named", python_model=Named(), signature=ModelSignature(
    inputs=Schema([TensorSpec(numpy.dtype("float32"), (-1, 2, 2), "image")]),
    outputs=Schema([TensorSpec(numpy.dtype("float32"), (-1,), "sum"), TensorSpec(numpy.dtype("float32"), (-1, 2, 2), "twice")]),
))
image = numpy.arange(8, dtype="float32").reshape(2, 2, 2)
keep("named", {"image": image}, [tensor("image", "FP32", image)])

print(json.dumps(cases))
