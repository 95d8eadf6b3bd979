"""The unmodified tritonclient against the data plane: python client.py <rest host:port> <grpc host:port>. Prints one JSON line."""
import asyncio
import json
import sys

import numpy as np
import tritonclient.grpc as tg
import tritonclient.http as th
import tritonclient.http.aio as tha
from tritonclient.utils import InferenceServerException

rest, grpc = sys.argv[1:3]
ROWS = {
    "carrier": np.array([["AA"], ["B6"], ["žluť"]], dtype=np.object_),
    "distance": np.array([[0.5], [-1.0], [2.0]], dtype=np.float32),
    "wind": np.array([[1.0], [0.0], [3.0]], dtype=np.float32),
}
KINDS = {"carrier": "BYTES", "distance": "FP32", "wind": "FP32"}
seen = {}


def inputs(module, **how):
    made = []
    for name, rows in ROWS.items():
        tensor = module.InferInput(name, list(rows.shape), KINDS[name])
        tensor.set_data_from_numpy(rows, **how)
        made.append(tensor)
    return made


def note(key, result, name="probabilities"):
    seen[key] = result.as_numpy(name).tolist()


http = th.InferenceServerClient(rest)
assert http.is_server_live() and http.is_server_ready() and http.is_model_ready("tab")
seen["http.metadata"] = http.get_server_metadata()["name"]
seen["http.inputs"] = [t["name"] for t in http.get_model_metadata("tab")["inputs"]]
seen["http.index"] = http.get_model_repository_index()
note("http.binary", http.infer("tab", inputs(th)))
note("http.json", http.infer("tab", inputs(th, binary_data=False), outputs=[th.InferRequestedOutput("probabilities", binary_data=False)]))
note("http.version", http.infer("tab", inputs(th), model_version="3", request_id="from-triton"))
seen["http.id"] = http.infer("tab", inputs(th), request_id="from-triton").get_response()["id"]
note("http.gzip", http.infer("tab", inputs(th), request_compression_algorithm=None, response_compression_algorithm=None))
seen["http.stats"] = http.get_inference_statistics("tab")["model_stats"][0]["inference_count"]
note("http.async", http.async_infer("tab", inputs(th)).get_result())
try:
    http.infer("nobody", inputs(th))
except InferenceServerException as error:
    seen["http.unknown"] = [error.status(), error.message()]
try:
    http.infer("tab", inputs(th)[:2])
except InferenceServerException as error:
    seen["http.missing"] = [error.status(), error.message()]


async def aio():
    client = tha.InferenceServerClient(rest)
    assert await client.is_server_live()
    note("aio.binary", await client.infer("tab", inputs(th)))
    note("aio.json", await client.infer("tab", inputs(th, binary_data=False)))
    await client.close()


asyncio.run(aio())

rpc = tg.InferenceServerClient(grpc)
assert rpc.is_server_live() and rpc.is_server_ready() and rpc.is_model_ready("tab", "3")
seen["grpc.metadata"] = rpc.get_server_metadata().name
seen["grpc.inputs"] = [t.name for t in rpc.get_model_metadata("tab").inputs]
seen["grpc.shape"] = [list(t.shape) for t in rpc.get_model_metadata("tab").inputs]
seen["grpc.index"] = [[m.name, m.version, m.state] for m in rpc.get_model_repository_index().models]
result = rpc.infer("tab", inputs(tg), request_id="grpc-1", parameters={"event_time": 1362096000000})
note("grpc.raw", result)
seen["grpc.label"] = result.as_numpy("label").tolist()
seen["grpc.id"] = result.get_response().id
big = np.zeros((300_000, 1), dtype=np.float32)
try:
    made = inputs(tg)
    for tensor in made[1:]:
        tensor.set_shape([300_000, 1])
        tensor.set_data_from_numpy(big)
    rpc.infer("tab", made)
except InferenceServerException as error:
    seen["grpc.rows"] = [error.status(), error.message()]
try:
    rpc.infer("nobody", inputs(tg))
except InferenceServerException as error:
    seen["grpc.unknown"] = [error.status(), error.message()]
print(json.dumps(seen))
