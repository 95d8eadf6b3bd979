"""Tensors from a frame, as the model is given them."""
import array
import math
import struct

from .faults import InputError
from .tensor_types import ARRAY_CODES, NUMPY_TYPES


def nested(flat, shape):
    """A flat list as lists in lists."""
    for size in reversed(shape[1:]):
        flat = [flat[start : start + size] for start in range(0, len(flat), size)] if size else []
    return flat


def read_text(data, at, count):
    values = []
    for _ in range(count):
        (size,) = struct.unpack_from("<I", data, at)
        at += 4
        values.append(bytes(data[at : at + size]).decode("utf-8", "replace"))
        at += size
    return values


def read_tensors(specs, body, numpy):
    """{name: array}; the arrays may be written to."""
    inputs, at = {}, 0
    for spec in specs:
        shape, datatype = spec["shape"], spec["datatype"]
        count = math.prod(shape)
        if datatype == "BYTES":
            values = read_text(body, at, count)
            if numpy is None:
                inputs[spec["name"]] = nested(values, shape)
            else:
                made = numpy.empty(count, dtype=object)
                made[:] = values
                inputs[spec["name"]] = made.reshape(shape)
        elif numpy is not None:
            inputs[spec["name"]] = numpy.frombuffer(body, NUMPY_TYPES[datatype], count, at).reshape(shape)
        else:
            if datatype not in ARRAY_CODES:
                raise InputError('"%s" has datatype %s, which needs numpy in the model\'s environment' % (spec["name"], datatype))
            flat = array.array(ARRAY_CODES[datatype])
            flat.frombytes(bytes(body[at : at + count * flat.itemsize]))
            values = [bool(one) for one in flat] if datatype == "BOOL" else flat.tolist()
            inputs[spec["name"]] = nested(values, shape)
        at += (spec["bytes"] + 7) // 8 * 8
    return inputs


def check_inputs(signature, specs):
    """The data plane has checked them; whoever calls this process without it gets the same answer."""
    if not signature["inputs"]:
        return
    given = {spec["name"]: spec for spec in specs}
    for want in signature["inputs"]:
        spec = given.get(want["name"])
        if spec is None:
            if want.get("optional"):
                continue
            raise InputError('the input "%s" is missing' % want["name"])
        shape = spec["shape"]
        if len(shape) != len(want["shape"]) or any(w not in (-1, s) for w, s in zip(want["shape"], shape)):
            raise InputError('"%s" has shape %s, the model takes %s' % (want["name"], shape, want["shape"]))
        if spec["datatype"] != want["datatype"]:
            raise InputError('"%s" has datatype %s, the model takes %s' % (want["name"], spec["datatype"], want["datatype"]))
