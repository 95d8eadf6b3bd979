"""The rows that a model brings along."""
from .answer import fit_shape
from .tensor_types import NUMPY_TYPES
from .tensors_out import array_tensor, list_tensor


def example_tensors(signature, values, numpy):
    """Rows that the model was logged with, as tensors: the data plane warms up with them. None when they do not fit."""
    try:
        specs, parts = [], []
        for spec in signature["inputs"]:
            if spec["name"] not in values:
                if spec.get("optional"):
                    continue
                return None
            value, datatype = values[spec["name"]], spec["datatype"]
            if numpy is None:
                name, made, shape, data = list_tensor(spec["name"], value, datatype)
            else:
                value = numpy.asarray(value, dtype=object if datatype == "BYTES" else NUMPY_TYPES[datatype])
                value = value.reshape([-1] + [1] * (len(spec["shape"]) - 1)) if value.ndim == 1 else value
                name, made, shape, data = array_tensor(spec["name"], value, numpy, datatype)
            if made != datatype or fit_shape(name, shape, spec["shape"]) != shape:
                return None
            specs.append({"name": name, "datatype": made, "shape": shape, "bytes": len(data)})
            parts += [data, bytes(-len(data) % 8)]
        return (specs, parts) if specs else None
    except Exception:
        return None
