"""A model of an MLflow folder, by mlflow.pyfunc."""
import json

from .faults import InputError, LoadFailed
from .mlflow_schema import COLUMN_TYPES, params_spec, signature_of_schema


class MlflowModel:
    def __init__(self, folder, numpy):
        try:
            import mlflow.pyfunc
        except ImportError as error:
            if (getattr(error, "name", None) or "").split(".")[0] not in ("mlflow", ""):
                raise
            raise LoadFailed(
                "mlflow is not in the model's environment (%s)" % error,
                "add mlflow to the model's requirements (mlflow.<flavour>.log_model does so by itself), then register it again",
            ) from None
        self.numpy = numpy
        self.model = mlflow.pyfunc.load_model(folder)
        found = self.model.metadata.signature
        schema = lambda part: part.to_dict() if part is not None else []
        self.columns = schema(found and found.inputs)
        outputs = schema(found and found.outputs)
        self.tensors = bool(self.columns) and self.columns[0].get("type") == "tensor"
        self.signature = {
            "inputs": signature_of_schema(self.columns, "input", [-1, 1]),
            "outputs": signature_of_schema(outputs, "output", [-1]),
        }
        params = schema(found and getattr(found, "params", None))
        if params:
            self.signature["params"] = [params_spec(item) for item in params]

    def example(self, folder):
        if not self.columns:
            return None
        try:
            found = self.model.metadata.load_input_example(folder)
        except Exception:
            return None
        if found is None:
            return None
        names = [spec["name"] for spec in self.signature["inputs"]]
        if hasattr(found, "columns"):
            keys = list(found.columns)
            given = [item.get("name") for item in self.columns]
            if all(name is None for name in given):
                given = keys
            return {name: found[key].to_numpy() for name, key in zip(names, given) if key in keys}
        if isinstance(found, dict):
            return {name: found[item.get("name")] for name, item in zip(names, self.columns) if item.get("name") in found}
        return {names[0]: found} if len(names) == 1 else None

    def column(self, item, values):
        kind = item.get("type")
        flat = values.reshape(-1)
        if kind == "datetime":
            import pandas

            # Each as it is written: pandas would take the first one's form for all.
            if int(pandas.__version__.split(".")[0]) >= 2:
                return pandas.to_datetime(flat, format="ISO8601")
            return pandas.to_datetime(flat)
        if kind == "binary":
            import base64

            return [base64.b64decode(one) for one in flat]
        if kind not in COLUMN_TYPES:
            return [json.loads(one) for one in flat]
        return flat

    def data_of(self, inputs):
        import pandas

        if not self.columns:
            return self.data_without_signature(inputs)
        names = [spec["name"] for spec in self.signature["inputs"]]
        if self.tensors:
            arrays = {}
            for name, item in zip(names, self.columns):
                dtype = self.numpy.dtype(item["tensor-spec"]["dtype"])
                value = inputs[name]
                arrays[name] = value if dtype.kind == "O" or value.dtype == dtype else value.astype(dtype)
            return arrays[names[0]] if len(names) == 1 and self.columns[0].get("name") is None else arrays
        made = {}
        for name, item in zip(names, self.columns):
            if name not in inputs:
                continue
            try:
                made[name] = self.column(item, inputs[name])
            except (ValueError, TypeError):  # its text holds the value
                raise InputError('a value of "%s" is no %s' % (name, item.get("type"))) from None
        frame = pandas.DataFrame(made)
        if all(item.get("name") is None for item in self.columns):
            frame.columns = range(len(frame.columns))
        return frame

    def data_without_signature(self, inputs):
        import pandas

        first = next(iter(inputs.values()), None)
        if len(inputs) == 1 and (first.ndim > 2 or (first.ndim == 2 and first.shape[1] != 1)):
            return first
        wide = [name for name, value in inputs.items() if value.size != value.shape[0]]
        return dict(inputs) if wide else pandas.DataFrame({name: value.reshape(-1) for name, value in inputs.items()})

    def predict(self, inputs, params):
        data = self.data_of(inputs)
        try:
            return self.model.predict(data) if params is None else self.model.predict(data, params=params)
        except Exception as error:
            if type(error).__name__ == "MlflowException" and "enforce" in str(error):
                # Its text holds the caller's rows.
                raise InputError("the rows do not fit the model's signature") from None
            raise
