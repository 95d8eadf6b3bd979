"""Makes the state model of the serving bench: gradient boosting of 100 trees on 20 floats, as ONNX and as an MLflow folder.

make_model.py FOLDER: writes boosting.onnx, heavy.onnx (2,000 trees of depth 6) and mlflow-model/.
"""

import sys
from pathlib import Path

import numpy
from skl2onnx import to_onnx
from sklearn.datasets import make_classification
from sklearn.ensemble import GradientBoostingClassifier, RandomForestClassifier

folder = Path(sys.argv[1])
folder.mkdir(parents=True, exist_ok=True)
X, y = make_classification(n_samples=2000, n_features=20, n_informative=12, random_state=7)
X = X.astype(numpy.float32)


def save(model, name):
    onnx = to_onnx(model, X[:1], options={"zipmap": False}, target_opset=17)
    (folder / name).write_bytes(onnx.SerializeToString())
    return onnx


boosting = GradientBoostingClassifier(n_estimators=100, max_depth=3, random_state=7).fit(X, y)
onnx = save(boosting, "boosting.onnx")
save(RandomForestClassifier(n_estimators=1000, max_depth=12, random_state=7, n_jobs=2).fit(X, y), "heavy.onnx")

import mlflow.onnx  # noqa: E402
from mlflow.models import infer_signature  # noqa: E402

mlflow.onnx.save_model(onnx, str(folder / "mlflow-model"), signature=infer_signature(X[:5], boosting.predict_proba(X[:5])))
