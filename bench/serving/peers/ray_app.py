"""Ray Serve with its defaults and the same model."""

import os
import signal

import numpy
import onnxruntime
from ray import serve
from starlette.requests import Request


@serve.deployment
class Boosting:
    def __init__(self, path: str):
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = 1
        self.session = onnxruntime.InferenceSession(path, options)
        self.name = self.session.get_inputs()[0].name

    async def __call__(self, request: Request) -> dict:
        tensor = (await request.json())["inputs"][0]
        rows = numpy.asarray(tensor["data"], dtype=numpy.float32).reshape(tensor["shape"])
        label, probabilities = self.session.run(None, {self.name: rows})
        return {"label": label.tolist(), "probabilities": probabilities.tolist()}


serve.start(http_options={"host": "127.0.0.1", "port": int(os.environ["PORT"])})
serve.run(Boosting.bind(os.environ["MODEL"]))
signal.pause()
