"""KServe's unmodified clients against the data plane: python client.py <rest address> <grpc host:port>. Prints one JSON line."""
import asyncio
import json
import sys

import grpc
import httpx
import numpy as np
from kserve import InferInput, InferRequest, InferenceGRPCClient, InferenceRESTClient
from kserve.inference_client import RESTConfig
from kserve.protocol.infer_type import RequestedOutput

rest, rpc = sys.argv[1:3]
ROWS = {
    "carrier": (np.array([["AA"], ["B6"], ["žluť"]], dtype=np.object_), "BYTES"),
    "distance": (np.array([[0.5], [-1.0], [2.0]], dtype=np.float32), "FP32"),
    "wind": (np.array([[1.0], [0.0], [3.0]], dtype=np.float32), "FP32"),
}
seen = {}


def request(binary, outputs=None, names=tuple(ROWS)):
    inputs = []
    for name in names:
        rows, kind = ROWS[name]
        tensor = InferInput(name, list(rows.shape), kind)
        tensor.set_data_from_numpy(rows, binary_data=binary)
        inputs.append(tensor)
    return InferRequest(model_name="tab", infer_inputs=inputs, request_outputs=outputs, request_id="from-kserve")


def numbers(answer, name="probabilities"):
    return next(o for o in answer.outputs if o.name == name).as_numpy().tolist()


async def over_rest():
    client = InferenceRESTClient(RESTConfig(protocol="v2", retries=3, timeout=30))
    seen["rest.live"] = await client.is_server_live(rest)
    seen["rest.ready"] = await client.is_server_ready(rest)
    seen["rest.model"] = await client.is_model_ready(rest, "tab")
    seen["rest.nobody"] = await client.is_model_ready(rest, "nobody")
    answer = await client.infer(rest, request(False), model_name="tab")
    seen["rest.json"] = numbers(answer)
    seen["rest.id"] = [answer.id, answer.model_name]
    seen["rest.binary"] = numbers(await client.infer(rest, request(True), model_name="tab"))
    both = [RequestedOutput("probabilities", {"binary_data": True})]
    seen["rest.binary.out"] = numbers(await client.infer(rest, request(True, both), model_name="tab"))
    half = np.array([[1.5, -2.0]], dtype=np.float16)
    tensor = InferInput("x", [1, 2], "FP16")
    tensor.set_data_from_numpy(half, binary_data=True)
    # Without a word about outputs they come as JSON.
    answer = await client.infer(
        rest,
        InferRequest(model_name="half", infer_inputs=[tensor], request_outputs=[RequestedOutput("y", {"binary_data": True})]),
        model_name="half",
    )
    seen["rest.half"] = numbers(answer, "y")
    for key, body, model in (("unknown", request(False), "nobody"), ("missing", request(False, None, ("carrier",)), "tab")):
        try:
            await client.infer(rest, body, model_name=model)
        except httpx.HTTPStatusError as error:
            seen[f"rest.{key}"] = [error.response.status_code, str(error)]
    await client.close()


async def over_grpc():
    client = InferenceGRPCClient(rpc, channel_args=[("grpc.max_receive_message_length", -1), ("grpc.max_send_message_length", -1)])
    seen["grpc.live"] = await client.is_server_live()
    seen["grpc.ready"] = await client.is_server_ready()
    seen["grpc.model"] = await client.is_model_ready("tab")
    answer = await client.infer(request(False))
    seen["grpc.typed"] = numbers(answer)
    seen["grpc.id"] = answer.id
    seen["grpc.raw"] = numbers(await client.infer(request(True)))
    big = np.arange(2048 * 1024, dtype=np.float32).reshape(2048, 1024)
    for binary in (True, False):
        tensor = InferInput("x", [2048, 1024], "FP32")
        tensor.set_data_from_numpy(big, binary_data=binary)
        answer = await client.infer(InferRequest(model_name="wide", infer_inputs=[tensor]))
        seen[f"grpc.8MiB.{'raw' if binary else 'typed'}"] = bool(np.array_equal(next(iter(answer.outputs)).as_numpy(), big))
    for key, body in (("missing", request(False, None, ("carrier",))),):
        try:
            await client.infer(body)
        except grpc.RpcError as error:
            seen[f"grpc.{key}"] = [error.code().name, error.details()]
    await client.close()


asyncio.run(over_rest())
asyncio.run(over_grpc())
print(json.dumps(seen))
