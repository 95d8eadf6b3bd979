"""The signature of an MLflow model, as tensors."""
import json

from .tensor_types import DATATYPES

# What a column of an MLflow signature is on the wire. datetime is ISO 8601 text, binary is base64, any nested type is JSON text.
COLUMN_TYPES = {
    "long": "INT64", "integer": "INT32", "double": "FP64", "float": "FP32", "boolean": "BOOL", "string": "BYTES",
    "datetime": "BYTES", "binary": "BYTES",
}


def tensor_datatype(dtype):
    name = str(dtype)
    if name == "float16":
        return "FP32"
    return DATATYPES.get(name, "BYTES")


def signature_of_schema(schema, prefix, column_shape):
    """Columns: a tensor each. Tensors: as they are. A schema has the one or the other."""
    specs = []
    for at, item in enumerate(schema or []):
        name = item.get("name")
        name = "%s-%d" % (prefix, at) if name is None else str(name)
        if item.get("type") == "tensor":
            inner = item["tensor-spec"]
            specs.append({"name": name, "datatype": tensor_datatype(inner["dtype"]), "shape": list(inner["shape"])})
        else:
            spec = {"name": name, "datatype": COLUMN_TYPES.get(item.get("type"), "BYTES"), "shape": list(column_shape)}
            if item.get("required") is False or item.get("optional") is True:
                spec["optional"] = True
            if item.get("type") in ("datetime", "binary"):
                spec["content"] = item["type"]
            specs.append(spec)
    return specs


def params_spec(item):
    """A parameter of predict. -1 = a list of any length."""
    spec = {"name": item["name"], "type": item.get("type") or item.get("dtype"), "default": plain(item.get("default"))}
    if item.get("shape") is not None:
        spec["shape"] = list(item["shape"])
    return spec


def plain(value):
    """Something JSON can say."""
    try:
        json.dumps(value, allow_nan=False)
        return value
    except (TypeError, ValueError):
        return None if isinstance(value, float) else str(value)
