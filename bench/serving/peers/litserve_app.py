"""LitServe with its defaults and the same model."""

import os

import litserve
import numpy
import onnxruntime


class Boosting(litserve.LitAPI):
    def setup(self, device):
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = 1
        self.session = onnxruntime.InferenceSession(os.environ["MODEL"], options)
        self.name = self.session.get_inputs()[0].name

    def decode_request(self, request):
        tensor = request["inputs"][0]
        return numpy.asarray(tensor["data"], dtype=numpy.float32).reshape(tensor["shape"])

    def predict(self, rows):
        return self.session.run(None, {self.name: rows})

    def encode_response(self, output):
        return {"label": output[0].tolist(), "probabilities": output[1].tolist()}


if __name__ == "__main__":
    litserve.LitServer(Boosting(), accelerator="cpu").run(
        host="127.0.0.1", port=int(os.environ["PORT"]), generate_client_file=False, log_level="error"
    )
