"""Load the model, say so, answer one call after the other."""
import faulthandler
import gc
import sys

from .answer import make_answer
from .containment import die_with, limit_memory
from .example import example_tensors
from .faults import InputError, LoadFailed, ModelError, describe
from .frames import Channel
from .mlflow_entry import MlflowModel
from .predict_entry import PredictFile
from .printing import CappedWriter
from .tensor_types import numpy_or_none
from .tensors_in import check_inputs, read_tensors


def main():
    channel = Channel(int(sys.argv[1]))
    sys.stdout, sys.stderr = CappedWriter(1), CappedWriter(2)
    faulthandler.enable(file=2, all_threads=False)
    hello, _ = channel.receive()
    die_with(hello["parent"])
    limit_memory(hello["memoryMib"])
    folder = hello["folder"]
    try:
        numpy = numpy_or_none()
        model = (MlflowModel if hello["entry"] == "mlflow" else PredictFile)(folder, numpy)
    except LoadFailed as error:
        channel.send({"kind": "failed", "reason": str(error), "next": error.remedy})
        return
    except BaseException as error:
        channel.send({"kind": "failed", "reason": describe(error, folder)})
        return
    if not model.signature["inputs"] and hello.get("signature"):
        model.signature = hello["signature"]
    gc.collect()
    gc.freeze()  # what is loaded stays: the collector need not walk it again and again
    values = model.example(folder)
    example = example_tensors(model.signature, values, numpy) if isinstance(values, dict) else None
    ready = {"kind": "ready", "signature": model.signature}
    if example is None:
        channel.send(ready)
    else:
        channel.send(dict(ready, tensors=example[0]), example[1])
    limit = hello["answerBytes"]
    while True:
        header, body = channel.receive()
        call = header["id"]
        inputs = {}
        try:
            check_inputs(model.signature, header["tensors"])
            inputs = read_tensors(header["tensors"], body, numpy)
            specs, parts = make_answer(model.predict(inputs, header.get("params")), model.signature, header.get("outputs"), numpy, limit)
        except InputError as error:
            channel.send({"kind": "error", "id": call, "fault": "input", "text": str(error)})
        except ModelError as error:
            channel.send({"kind": "error", "id": call, "fault": "model", "text": str(error)})
        except BaseException as error:  # SystemExit too: one call must not end the others
            # A ValueError is how libraries say that the data is wrong: an unknown category, a missing number.
            fault = "value" if isinstance(error, ValueError) else "model"
            channel.send({"kind": "error", "id": call, "fault": fault, "text": describe(error, folder, inputs)})
            error = None
        else:
            channel.send({"kind": "done", "id": call, "tensors": specs}, parts)
            specs = parts = None
        inputs = body = None
