"""BentoML with its defaults and the same model."""

import os

import bentoml
import numpy
import onnxruntime


@bentoml.service
class Boosting:
    def __init__(self):
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = 1
        self.session = onnxruntime.InferenceSession(os.environ["MODEL"], options)
        self.name = self.session.get_inputs()[0].name

    @bentoml.api
    def predict(self, inputs: list) -> dict:
        tensor = inputs[0]
        rows = numpy.asarray(tensor["data"], dtype=numpy.float32).reshape(tensor["shape"])
        label, probabilities = self.session.run(None, {self.name: rows})
        return {"label": label.tolist(), "probabilities": probabilities.tolist()}
