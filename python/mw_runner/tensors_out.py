"""One value that the model gave, as the tensor of a frame: (name, datatype, shape, bytes)."""
import array
import json
import math
import struct

from .faults import ModelError
from .tensor_types import ARRAY_CODES, DATATYPES, NUMPY_TYPES


def text_of(value):
    if value is None or (isinstance(value, float) and math.isnan(value)):
        return ""
    if isinstance(value, str):
        return value
    if isinstance(value, (bytes, bytearray)):
        import base64

        return base64.b64encode(bytes(value)).decode("ascii")
    if isinstance(value, (dict, list, tuple, bool, int, float)):
        return json.dumps(value, ensure_ascii=False, default=str)
    return value.isoformat() if hasattr(value, "isoformat") else str(value)


def pack_text(values):
    parts = []
    for value in values:
        data = text_of(value).encode("utf-8", "replace")
        parts.append(struct.pack("<I", len(data)))
        parts.append(data)
    return b"".join(parts)


NESTED = 64


def only_numbers(name, values, wanted):
    """A text or an object where the signature has a number is no answer; a gap (None, pandas' NA) is one that a text can say."""
    if wanted is None or wanted == "BYTES":
        return
    for value in values:
        if value is not None and not isinstance(value, (int, float)) and type(value).__name__ not in ("NAType", "NaTType", "Decimal"):
            raise ModelError('the output "%s" has a value of the type %s, the signature says %s' % (name, type(value).__name__, wanted))


def list_tensor(name, value, wanted):
    """Without numpy: nested lists of one type of values; numbers as the signature wants them."""
    shape, level = [], value
    while isinstance(level, (list, tuple)):
        shape.append(len(level))
        if len(shape) > NESTED:  # or a list that holds itself
            raise ModelError('the output "%s" is nested deeper than %d lists' % (name, NESTED))
        level = level[0] if level else None
    flat = [value]
    for size in shape:
        if any(not isinstance(part, (list, tuple)) or len(part) != size for part in flat):
            raise ModelError('the output "%s" is a list of lists of different lengths' % name)
        flat = [one for part in flat for one in part]
    if all(isinstance(one, bool) for one in flat):
        datatype = "BOOL"
    elif all(isinstance(one, int) for one in flat):
        datatype = "INT64"
    elif all(isinstance(one, (int, float)) for one in flat):
        datatype = "FP64"
    else:
        only_numbers(name, flat, wanted)
        return name, "BYTES", shape or [1], pack_text(flat)
    floats = datatype == "FP64"
    if wanted in ARRAY_CODES and (wanted in ("FP32", "FP64") or not floats) and (wanted == "BOOL") == (datatype == "BOOL"):
        datatype = wanted
    try:
        return name, datatype, shape or [1], array.array(ARRAY_CODES[datatype], flat).tobytes()
    except OverflowError:
        raise ModelError('the output "%s" has a number beyond %s' % (name, datatype)) from None


def array_tensor(name, value, numpy, wanted):
    if hasattr(value, "toarray") and not hasattr(value, "__array__"):
        value = value.toarray()  # a sparse matrix of scipy
    try:
        made = numpy.asarray(value)
    except ValueError as error:
        raise ModelError('the output "%s" is no array: %s' % (name, error)) from None
    if made.ndim == 0:
        made = made.reshape(1)
    if made.dtype == "float16" and wanted != "FP16":  # it has no form in JSON
        made = made.astype("float32")
    if made.dtype.kind == "M":
        made = numpy.datetime_as_string(made)
    if made.dtype.kind == "O" and made.size and all(isinstance(one, (bool, numpy.bool_)) for one in made.flat):
        made = made.astype(bool)
    if made.dtype.kind in "OUSmcV":
        items = [one.item() if isinstance(one, numpy.generic) else one for one in made.flat]
        only_numbers(name, items, wanted)
        return name, "BYTES", list(made.shape), pack_text(items)
    if wanted in NUMPY_TYPES and made.dtype != NUMPY_TYPES[wanted] and numpy.can_cast(made.dtype, NUMPY_TYPES[wanted], "safe"):
        made = made.astype(NUMPY_TYPES[wanted])
    datatype = DATATYPES.get(made.dtype.name)
    if datatype is None:
        raise ModelError('the output "%s" has the type %s, which no tensor can hold' % (name, made.dtype))
    if made.dtype.byteorder == ">":
        made = made.astype(made.dtype.newbyteorder("<"))
    return name, datatype, list(made.shape), memoryview(numpy.ascontiguousarray(made).reshape(-1)).cast("B")
