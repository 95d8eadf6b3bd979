"""Logs versions of a model with MLflow as anybody would, and says what mlflow.pyfunc predicts: python-model.py C NAME."""
import json
import sys

import mlflow
from mlflow.models import infer_signature
from sklearn.compose import make_column_transformer
from sklearn.datasets import load_iris
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler

strength, name = float(sys.argv[1]), sys.argv[2]
rows, species = load_iris(return_X_y=True, as_frame=True)
rows.columns = ["sepal_length", "sepal_width", "petal_length", "petal_width"]
rows["site"] = ["north", "south", "west"] * 50
rows["count"] = list(range(150))
# Without handle_unknown: a made-up text as a category is refused by this model, as by many real ones.
columns = make_column_transformer((OneHotEncoder(), ["site"]), remainder=StandardScaler())
model = make_pipeline(columns, LogisticRegression(C=strength, max_iter=1000)).fit(rows, species)
mlflow.set_experiment("iris")
with mlflow.start_run():
    logged = mlflow.sklearn.log_model(
        model,
        name="model",
        signature=infer_signature(rows, model.predict_proba(rows)),
        input_example=rows.head(3),
        registered_model_name=name,
        pyfunc_predict_fn="predict_proba",
        serialization_format="cloudpickle",
    )
asked = rows.sample(20, random_state=1)
answers = mlflow.pyfunc.load_model(logged.model_uri).predict(asked)
print(json.dumps({
    "version": int(logged.registered_model_version),
    "rows": json.loads(asked.to_json(orient="split", index=False)),
    "answers": answers.tolist(),
}))
