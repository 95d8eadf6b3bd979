"""A model of a folder with a predict.py."""
import json
import os
import sys

from .faults import LoadFailed
from .tensor_types import NUMPY_TYPES


def no_signature():
    return {"inputs": [], "outputs": []}


class PredictFile:
    def __init__(self, folder, numpy):
        path = os.path.join(folder, "predict.py")
        if not os.path.isfile(path):
            raise LoadFailed("there is no predict.py in the model's folder", "write one with: def predict(model, inputs): ...")
        sys.path.insert(0, folder)
        import importlib.util

        spec = importlib.util.spec_from_file_location("predict", path)
        module = importlib.util.module_from_spec(spec)
        sys.modules["predict"] = module
        # The model's folder is named by the digest of its files: no bytecode is written beside them.
        sys.dont_write_bytecode = True
        spec.loader.exec_module(module)
        if not callable(getattr(module, "predict", None)):
            raise LoadFailed("predict.py has no function predict", "write one: def predict(model, inputs): ...")
        load = getattr(module, "load", None)
        self.model = load(folder) if callable(load) else None
        sys.dont_write_bytecode = False
        self.function = module.predict
        self.rows = getattr(module, "EXAMPLE", None)
        self.signature = self.read_signature(module, folder)

    def example(self, folder):
        return self.rows

    def read_signature(self, module, folder):
        given = getattr(module, "SIGNATURE", None)
        path = os.path.join(folder, "signature.json")
        if given is None and os.path.isfile(path):
            with open(path, encoding="utf-8") as file:
                given = json.load(file)
        if given is None:
            return no_signature()
        read = no_signature()
        for side in ("inputs", "outputs"):
            for spec in given.get(side, []):
                datatype = spec.get("datatype")
                if datatype != "BYTES" and datatype not in NUMPY_TYPES:
                    raise LoadFailed(
                        'the signature says the datatype %r for "%s"' % (datatype, spec.get("name")),
                        "use one of %s, BYTES" % ", ".join(NUMPY_TYPES),
                    )
                read[side].append({"name": str(spec["name"]), "datatype": datatype, "shape": [int(one) for one in spec["shape"]]})
        return read

    def predict(self, inputs, params):
        return self.function(self.model, inputs)
