"""The datatypes of the protocol, as numpy and as array name them."""

NUMPY_TYPES = {
    "BOOL": "bool", "UINT8": "uint8", "UINT16": "uint16", "UINT32": "uint32", "UINT64": "uint64",
    "INT8": "int8", "INT16": "int16", "INT32": "int32", "INT64": "int64", "FP16": "float16", "FP32": "float32", "FP64": "float64",
}
DATATYPES = {name: datatype for datatype, name in NUMPY_TYPES.items()}
ARRAY_CODES = {
    "BOOL": "B", "UINT8": "B", "UINT16": "H", "UINT32": "I", "UINT64": "Q",
    "INT8": "b", "INT16": "h", "INT32": "i", "INT64": "q", "FP32": "f", "FP64": "d",
}


def numpy_or_none():
    try:
        import numpy

        return numpy
    except ImportError:
        return None
