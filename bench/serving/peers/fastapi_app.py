"""The bare peer: FastAPI, uvicorn, onnxruntime, one process. PORT and MODEL from the environment."""

import os

import numpy
import onnxruntime
import uvicorn
from fastapi import FastAPI, Request

options = onnxruntime.SessionOptions()
options.intra_op_num_threads = 1
options.inter_op_num_threads = 1
session = onnxruntime.InferenceSession(os.environ["MODEL"], options)
name = session.get_inputs()[0].name
app = FastAPI()


@app.post("/predict")
async def predict(request: Request):
    body = await request.json()
    rows = numpy.asarray(body["inputs"][0]["data"], dtype=numpy.float32).reshape(body["inputs"][0]["shape"])
    label, probabilities = session.run(None, {name: rows})
    return {"label": label.tolist(), "probabilities": probabilities.tolist()}


uvicorn.run(app, host="127.0.0.1", port=int(os.environ["PORT"]), log_level="error", access_log=False)
