"""KServe's own client in its V1 protocol, unmodified. Prints what it saw as JSON."""
import asyncio
import json
import sys

from kserve import InferenceRESTClient, RESTConfig


async def main(url):
    client = InferenceRESTClient(RESTConfig(protocol="v1", retries=0))
    row = {"name": "ada", "age": 36, "rooms": 3, "height": 1.5, "weight": 60.5, "smoker": False}
    seen = {
        "live": await client.is_server_live(url),
        "ready": await client.is_model_ready(url, "people"),
        "answer": await client.infer(url, {"instances": [row, {**row, "age": 20}]}, model_name="people"),
    }
    for name, data in {"refused": {"instances": [{**row, "age": "x"}]}, "nobody": {"instances": [1]}}.items():
        try:
            await client.infer(url, data, model_name="people" if name == "refused" else "nobody")
        except Exception as error:
            seen[name] = str(error)
    await client.close()
    print(json.dumps(seen))


asyncio.run(main(sys.argv[1]))
