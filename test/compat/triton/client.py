"""The unmodified tritonclient against the data plane: python client.py <rest host:port> <grpc host:port>. Prints one JSON line."""
import asyncio
import json
import queue
import sys

import numpy as np
import tritonclient.grpc as tg
import tritonclient.grpc.aio as tga
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
BIG = 2**53 + 1
EVERY = {
    "f": (np.array([[1.5]], dtype=np.float32), "FP32"),
    "d": (np.array([[0.1234567890123456]], dtype=np.float64), "FP64"),
    "i": (np.array([[-BIG]], dtype=np.int64), "INT64"),
    "b": (np.array([[True]]), "BOOL"),
    "s": (np.array([["žluť"]], dtype=np.object_), "BYTES"),
}
seen = {}


def inputs(module, **how):
    made = []
    for name, rows in ROWS.items():
        tensor = module.InferInput(name, list(rows.shape), KINDS[name])
        tensor.set_data_from_numpy(rows, **how)
        made.append(tensor)
    return made


def every(module, **how):
    made = []
    for name, (rows, kind) in EVERY.items():
        tensor = module.InferInput(name, list(rows.shape), kind)
        tensor.set_data_from_numpy(rows, **how)
        made.append(tensor)
    return made


def one(module, name, rows, kind, **how):
    tensor = module.InferInput(name, list(rows.shape), kind)
    tensor.set_data_from_numpy(rows, **how)
    return [tensor]


def note(key, result, name="probabilities"):
    seen[key] = result.as_numpy(name).tolist()


def failure(key, work):
    try:
        work()
        seen[key] = "no error"
    except InferenceServerException as error:
        seen[key] = [error.status(), error.message()]


def values(result):
    """What the model of every datatype gave back, as JSON can say it."""
    found = {name: result.as_numpy(f"{name}_out").tolist()[0][0] for name in EVERY}
    return {name: value.decode() if isinstance(value, bytes) else str(value) for name, value in found.items()}


# The model of halves doubles.
HALVES = np.array([[1.5, -2.0], [32752.0, 0.0]], dtype=np.float16)
MIB8 = np.arange(2048 * 1024, dtype=np.float32).reshape(2048, 1024)
MIB40 = np.arange(10240 * 1024, dtype=np.float32).reshape(10240, 1024)


def same(key, result, rows):
    seen[key] = bool(np.array_equal(result.as_numpy("y"), rows))


# ---- http
http = th.InferenceServerClient(rest, network_timeout=60, connection_timeout=60)
assert http.is_server_live() and http.is_server_ready() and http.is_model_ready("tab")
metadata = http.get_server_metadata()
seen["http.metadata"] = metadata["name"]
seen["http.extensions"] = metadata["extensions"]
seen["http.inputs"] = [t["name"] for t in http.get_model_metadata("tab")["inputs"]]
seen["http.index"] = [m for m in http.get_model_repository_index() if m["name"] == "tab"]
note("http.binary", http.infer("tab", inputs(th)))
as_json = [th.InferRequestedOutput("probabilities", binary_data=False)]
note("http.json", http.infer("tab", inputs(th, binary_data=False), outputs=as_json))
note("http.version", http.infer("tab", inputs(th), model_version="3", request_id="from-triton"))
seen["http.id"] = http.infer("tab", inputs(th), request_id="from-triton").get_response()["id"]
for how in ("gzip", "deflate"):
    note(f"http.{how}", http.infer("tab", inputs(th), request_compression_algorithm=how, response_compression_algorithm=how))
packed = http.infer("wide", one(th, "x", MIB8, "FP32"), request_compression_algorithm="gzip", response_compression_algorithm="gzip")
same("http.gzip.8MiB", packed, MIB8)
same("http.40MiB", http.infer("wide", one(th, "x", MIB40, "FP32")), MIB40)
seen["http.every.binary"] = values(http.infer("identity", every(th)))
seen["http.every.json"] = values(
    http.infer("identity", every(th, binary_data=False), outputs=[th.InferRequestedOutput(f"{n}_out", binary_data=False) for n in EVERY])
)
same("http.half", http.infer("half", one(th, "x", HALVES, "FP16")), HALVES * 2)
answer = http._post("v2/models/wide/infer", MIB8[:1].tobytes(), {"Inference-Header-Content-Length": "0"}, None)
same("http.raw", th.InferResult(answer, False), MIB8[:1])
not_text = np.array([[b"\xff\xfe"]], dtype=np.object_)
wrong = every(th)
wrong[4].set_data_from_numpy(not_text)
failure("http.bytes", lambda: http.infer("identity", wrong))
wrong[4].set_data_from_numpy(np.array([["a\0b"]], dtype=np.object_))
failure("http.nul", lambda: http.infer("identity", wrong))
note("http.async", http.async_infer("tab", inputs(th)).get_result())
note("http.priority", http.infer("tab", inputs(th), priority=1, timeout=5_000_000))
failure("http.unknown", lambda: http.infer("nobody", inputs(th)))
failure("http.missing", lambda: http.infer("tab", inputs(th)[:2]))
failure("http.config.unknown", lambda: http.get_model_config("nobody"))
config = http.get_model_config("tab")
seen["http.config"] = [config["max_batch_size"], config["input"][0]["data_type"], config["instance_group"][0]["kind"]]
stats = http.get_inference_statistics("tab")["model_stats"][0]
seen["http.stats"] = [stats["inference_count"] > 0, stats["execution_count"] > 0, stats["inference_stats"]["compute_infer"]["ns"] > 0, len(stats["batch_stats"]) > 0]
seen["http.trace"] = http.get_trace_settings()["trace_level"]
seen["http.log"] = http.get_log_settings()["log_info"]
seen["http.regions"] = [http.get_system_shared_memory_status(), http.get_cuda_shared_memory_status()]
failure("http.register", lambda: http.register_system_shared_memory("r", "/key", 8))
failure("http.trace.update", lambda: http.update_trace_settings(settings={"trace_level": ["TIMESTAMPS"]}))
failure("http.load.config", lambda: http.load_model("tab", config="{}"))
failure("http.load.files", lambda: http.load_model("tab", config="{}", files={"file:1/model.onnx": b"x"}))
http.unload_model("half", unload_dependents=True)
seen["http.unloaded"] = [http.is_model_ready("half"), [m["state"] for m in http.get_model_repository_index() if m["name"] == "half"]]
failure("http.unloaded.infer", lambda: http.infer("half", one(th, "x", HALVES, "FP16")))
http.load_model("half")
same("http.loaded", http.infer("half", one(th, "x", HALVES, "FP16")), HALVES * 2)


# ---- http.aio
async def aio():
    client = tha.InferenceServerClient(rest)
    assert await client.is_server_live() and await client.is_model_ready("tab")
    seen["aio.metadata"] = (await client.get_server_metadata())["name"]
    note("aio.binary", await client.infer("tab", inputs(tha)))
    note("aio.json", await client.infer("tab", inputs(tha, binary_data=False)))
    note("aio.gzip", await client.infer("tab", inputs(tha), request_compression_algorithm="gzip", response_compression_algorithm="gzip"))
    same("aio.8MiB", await client.infer("wide", one(tha, "x", MIB8, "FP32"), response_compression_algorithm="deflate"), MIB8)
    many = await asyncio.gather(*(client.infer("tab", inputs(tha), request_id=f"m{i}") for i in range(50)))
    seen["aio.many"] = sorted({m.get_response()["id"] for m in many}) == sorted(f"m{i}" for i in range(50))
    try:
        await client.infer("nobody", inputs(tha))
    except InferenceServerException as error:
        seen["aio.unknown"] = [error.status(), error.message()]
    await client.close()


asyncio.run(aio())

# ---- grpc
rpc = tg.InferenceServerClient(grpc)
assert rpc.is_server_live() and rpc.is_server_ready() and rpc.is_model_ready("tab", "3")
seen["grpc.metadata"] = rpc.get_server_metadata().name
seen["grpc.inputs"] = [t.name for t in rpc.get_model_metadata("tab").inputs]
seen["grpc.shape"] = [list(t.shape) for t in rpc.get_model_metadata("tab").inputs]
seen["grpc.index"] = [[m.name, m.version, m.state] for m in rpc.get_model_repository_index().models if m.name == "tab"]
result = rpc.infer("tab", inputs(tg), request_id="grpc-1", parameters={"event_time": 1362096000000})
note("grpc.raw", result)
seen["grpc.label"] = result.as_numpy("label").tolist()
seen["grpc.id"] = result.get_response().id
seen["grpc.every"] = values(rpc.infer("identity", every(tg)))
same("grpc.half", rpc.infer("half", one(tg, "x", HALVES, "FP16")), HALVES * 2)
same("grpc.8MiB", rpc.infer("wide", one(tg, "x", MIB8, "FP32")), MIB8)
same("grpc.40MiB", rpc.infer("wide", one(tg, "x", MIB40, "FP32")), MIB40)
note("grpc.gzip", rpc.infer("tab", inputs(tg), compression_algorithm="gzip"))
note("grpc.priority", rpc.infer("tab", inputs(tg), priority=2, timeout=5_000_000, client_timeout=30))
big = np.zeros((300_000, 1), dtype=np.float32)


def too_many():
    made = inputs(tg)
    for tensor in made[1:]:
        tensor.set_shape([300_000, 1])
        tensor.set_data_from_numpy(big)
    rpc.infer("tab", made)


failure("grpc.rows", too_many)
failure("grpc.unknown", lambda: rpc.infer("nobody", inputs(tg)))
failure("grpc.late", lambda: rpc.infer("wide", one(tg, "x", MIB8, "FP32"), client_timeout=0.0005))
seen["grpc.after"] = rpc.is_server_live()
config = rpc.get_model_config("tab").config
seen["grpc.config"] = [config.max_batch_size, config.input[0].data_type, list(config.version_policy.specific.versions), config.instance_group[0].kind]
stats = rpc.get_inference_statistics("tab").model_stats[0]
seen["grpc.stats"] = [stats.inference_count > 0, stats.execution_count > 0, stats.inference_stats.success.count > 0]
seen["grpc.trace"] = list(rpc.get_trace_settings().settings["trace_level"].value)
seen["grpc.log"] = rpc.get_log_settings().settings["log_info"].bool_param
seen["grpc.regions"] = len(rpc.get_system_shared_memory_status().regions) + len(rpc.get_cuda_shared_memory_status().regions)
failure("grpc.register", lambda: rpc.register_system_shared_memory("r", "/key", 8))
failure("grpc.load.config", lambda: rpc.load_model("tab", config="{}"))
rpc.unload_model("half")
seen["grpc.unloaded"] = rpc.is_model_ready("half")
rpc.load_model("half")
seen["grpc.loaded"] = rpc.is_model_ready("half")
answers = queue.Queue()
rpc.start_stream(callback=lambda result, error: answers.put((result, error)))
for i in range(20):
    rpc.async_stream_infer("nobody" if i == 7 else "tab", inputs(tg), request_id=f"s{i}")
got = [answers.get(timeout=30) for _ in range(20)]
rpc.stop_stream()
seen["grpc.stream"] = [sorted(r.get_response().id for r, e in got if e is None) == sorted(f"s{i}" for i in range(20) if i != 7), [e.message() for r, e in got if e is not None]]
note("grpc.stream.numbers", next(r for r, e in got if e is None))


# ---- grpc.aio
async def grpc_aio():
    client = tga.InferenceServerClient(grpc)
    assert await client.is_server_live()
    note("grpc.aio", await client.infer("tab", inputs(tga)))

    async def requests():
        for i in range(5):
            yield {"model_name": "tab", "inputs": inputs(tga), "request_id": f"a{i}"}

    ids = []
    async for answer, error in client.stream_infer(requests()):
        ids.append(answer.get_response().id if error is None else str(error))
    seen["grpc.aio.stream"] = sorted(ids)
    await client.close()


asyncio.run(grpc_aio())
print(json.dumps(seen))
