"""Answers calls of one model: an MLflow model folder, or a folder with a predict.py. Started by the data plane, one process a replica.

    python -I -u serve_model.py FD

FD is a socket to the data plane. A frame on it is two little-endian uint32 (bytes of the header, bytes of the body), a JSON header and
the body: the raw little-endian tensors the header names, each padded to 8 bytes. BYTES is uint32 length + UTF-8 for each element.
  in   {"kind": "load", "folder", "entry", "memoryMib", "answerBytes", "parent", "signature"?}
       {"kind": "run", "id", "tensors": [{"name", "datatype", "shape", "bytes"}], "outputs"?: [name], "params"?: {name: value}}
  out  {"kind": "ready", "signature", "tensors"?: an example of inputs} or {"kind": "failed", "reason", "next"?}
       {"kind": "done", "id", "tensors"} or {"kind": "error", "id", "fault": "input" | "value" | "model", "text"}
What the model prints goes to standard output and standard error, never here. Standard library only until the model is loaded;
works with Python 3.9 and without numpy.

The contract of predict.py:
    def load(folder): ...                 # optional; the folder's path in, the model out
    def predict(model, inputs): ...       # inputs: {name: numpy.ndarray}, nested lists where numpy is missing;
                                          # answer: {name: array or list}, or one array, list, number, Series or DataFrame
    EXAMPLE = {"x": [[1.0, 2.0]]}         # optional: rows to warm up with
    SIGNATURE = {"inputs": [{"name": "x", "datatype": "FP32", "shape": [-1, 2]}], "outputs": [...]}     # optional; or signature.json
"""
import array
import ctypes
import faulthandler
import gc
import json
import math
import os
import signal
import socket
import struct
import sys
import threading
import time
import traceback

NUMPY_TYPES = {
    "BOOL": "bool", "UINT8": "uint8", "UINT16": "uint16", "UINT32": "uint32", "UINT64": "uint64",
    "INT8": "int8", "INT16": "int16", "INT32": "int32", "INT64": "int64", "FP16": "float16", "FP32": "float32", "FP64": "float64",
}
DATATYPES = {name: datatype for datatype, name in NUMPY_TYPES.items()}
ARRAY_CODES = {
    "BOOL": "B", "UINT8": "B", "UINT16": "H", "UINT32": "I", "UINT64": "Q",
    "INT8": "b", "INT16": "h", "INT32": "i", "INT64": "q", "FP32": "f", "FP64": "d",
}
# What a column of an MLflow signature is on the wire. datetime is ISO 8601 text, binary is base64, any nested type is JSON text.
COLUMN_TYPES = {
    "long": "INT64", "integer": "INT32", "double": "FP64", "float": "FP32", "boolean": "BOOL", "string": "BYTES",
    "datetime": "BYTES", "binary": "BYTES",
}
PRINT_BYTES, PRINT_SECONDS = 64 * 1024, 10.0


class InputError(Exception):
    """The caller's mistake; its text may be shown to him."""


class ModelError(Exception):
    """The model gave something that no answer can be made of."""


class CappedWriter:
    """A text stream with a limit for each stretch of time: a model that prints at every call must not fill the disk or stop."""

    encoding, errors, closed = "utf-8", "replace", False

    def __init__(self, fd):
        self.fd, self.used, self.since, self.dropped = fd, 0, 0.0, 0

    def write(self, text):
        now = time.monotonic()
        if now - self.since > PRINT_SECONDS:
            if self.dropped:
                os.write(self.fd, b"... %d bytes of output were dropped\n" % self.dropped)
            self.used, self.since, self.dropped = 0, now, 0
        data = str(text).encode("utf-8", "replace")
        room = PRINT_BYTES - self.used
        self.used += len(data)
        self.dropped += max(0, len(data) - max(room, 0))
        if room > 0:
            try:
                os.write(self.fd, data[:room])
            except OSError:
                pass
        return len(text)

    def writelines(self, lines):
        for line in lines:
            self.write(line)

    def flush(self):
        pass

    def isatty(self):
        return False

    def writable(self):
        return True

    def readable(self):
        return False

    def fileno(self):
        return self.fd

    @property
    def buffer(self):
        return self._Bytes(self)

    class _Bytes:
        def __init__(self, text):
            self.text = text

        def write(self, data):
            self.text.write(bytes(data).decode("utf-8", "replace"))
            return len(data)

        def flush(self):
            pass


def die_with(parent):
    """No orphan: the data plane may be killed with no chance to say good-bye."""
    try:
        if ctypes.CDLL(None, use_errno=True).prctl(1, signal.SIGKILL, 0, 0, 0) == 0:  # PR_SET_PDEATHSIG
            if os.getppid() != parent:
                os._exit(0)
            return
    except (OSError, AttributeError):
        pass

    def watch():
        while os.getppid() == parent:
            time.sleep(1)
        os._exit(0)

    threading.Thread(target=watch, daemon=True).start()


def limit_memory(mib):
    """A runaway allocation is a MemoryError of its call; a slow leak is seen by the data plane, which replaces the process in time."""
    try:
        import resource

        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))  # a core file would hold the callers' data
        if sys.platform.startswith("linux"):
            most = int(mib * 1.5 + 256) << 20
            _, hard = resource.getrlimit(resource.RLIMIT_DATA)
            resource.setrlimit(resource.RLIMIT_DATA, (most if hard < 0 else min(most, hard), hard))
    except (ImportError, ValueError, OSError):
        pass


class Channel:
    def __init__(self, fd):
        # A descriptor of its own that programs started by the model do not inherit.
        self.socket = socket.socket(fileno=os.dup(fd))
        os.close(fd)
        self.socket.setblocking(True)

    def _fill(self, size):
        data = bytearray(size)
        view = memoryview(data)
        at = 0
        while at < size:
            got = self.socket.recv_into(view[at:])
            if got == 0:
                os._exit(0)  # the data plane closed it: nobody waits for an answer
            at += got
        return data

    def receive(self):
        header, body = struct.unpack("<II", self._fill(8))
        return json.loads(bytes(self._fill(header))), self._fill(body)

    def send(self, header, parts=()):
        text = json.dumps(header, separators=(",", ":"), ensure_ascii=False).encode("utf-8", "replace")
        body = sum(len(part) for part in parts)
        if body + len(text) < 1 << 16:
            self.socket.sendall(b"".join([struct.pack("<II", len(text), body), text, *parts]))
            return
        self.socket.sendall(struct.pack("<II", len(text), body) + text)
        for part in parts:
            self.socket.sendall(part)


def numpy_or_none():
    try:
        import numpy

        return numpy
    except ImportError:
        return None


# ---- tensors in ----------------------------------------------------------------------------------------------------------------


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


# ---- tensors out ---------------------------------------------------------------------------------------------------------------


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


def list_tensor(name, value, wanted):
    """Without numpy: nested lists of one type of values; numbers as the signature wants them."""
    shape, level = [], value
    while isinstance(level, (list, tuple)):
        shape.append(len(level))
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
        return name, "BYTES", list(made.shape), pack_text(items)
    if wanted in NUMPY_TYPES and made.dtype != NUMPY_TYPES[wanted] and numpy.can_cast(made.dtype, NUMPY_TYPES[wanted], "safe"):
        made = made.astype(NUMPY_TYPES[wanted])
    datatype = DATATYPES.get(made.dtype.name)
    if datatype is None:
        raise ModelError('the output "%s" has the type %s, which no tensor can hold' % (name, made.dtype))
    if made.dtype.byteorder == ">":
        made = made.astype(made.dtype.newbyteorder("<"))
    return name, datatype, list(made.shape), memoryview(numpy.ascontiguousarray(made).reshape(-1)).cast("B")


def named_values(answer, declared, numpy):
    """What predict gave, as (name, value) pairs."""
    names = [spec["name"] for spec in declared]
    if isinstance(answer, dict):
        return [(str(name), value) for name, value in answer.items()]
    columns = getattr(answer, "columns", None)
    if columns is not None and hasattr(answer, "iloc"):
        given = [str(name) for name in columns]
        if len(names) == len(given) and set(names) != set(given):
            given = names
        return [(name, column_values(answer.iloc[:, at])) for at, name in enumerate(given)]
    if hasattr(answer, "iloc"):
        answer = column_values(answer)
    if isinstance(answer, (list, tuple)) and answer and all(isinstance(row, dict) for row in answer):
        keys = list(answer[0])
        if all(list(row) == keys for row in answer):
            return [(str(key), [row[key] for row in answer]) for key in keys]
        raise ModelError("the answer is a list of records with different keys")
    if len(names) > 1:
        if isinstance(answer, tuple) and len(answer) == len(names):
            return list(zip(names, answer))
        shape = getattr(answer, "shape", ())
        if len(shape) == 2 and shape[1] == len(names):
            return [(name, answer[:, at]) for at, name in enumerate(names)]
    return [(names[0] if names else "output-0", answer)]


def column_values(series):
    """A pandas column; nullable and string types have arrays of their own."""
    return series.to_numpy(dtype=object) if str(series.dtype) in ("category", "string", "str") else series.to_numpy()


def fit_shape(name, shape, want):
    """[n] for [n, 1] and the reverse mean the same rows. A signature without this output says nothing about it."""
    if want is None or (len(shape) == len(want) and all(w in (-1, s) for w, s in zip(want, shape))):
        return shape
    if len(want) == 1 and len(shape) == 2 and shape[1] == 1:
        return shape[:1]
    if len(want) == 2 and len(shape) == 1 and want[1] in (-1, 1):
        return [shape[0], 1]
    raise ModelError('the output "%s" has shape %s, the signature says %s' % (name, shape, want))


def make_answer(answer, signature, asked, numpy, limit):
    if answer is None:
        raise ModelError("predict returned None")
    declared = signature["outputs"]
    by_name = {spec["name"]: spec for spec in declared}
    specs, parts, total = [], [], 0
    for name, value in named_values(answer, declared, numpy):
        if asked is not None and name not in asked:
            continue
        size = getattr(value, "nbytes", 0)
        if total + size > limit:
            raise ModelError("the answer is larger than %d MiB, the limit" % (limit >> 20))
        spec = by_name.get(name)
        wanted = spec and spec["datatype"]
        tensor = list_tensor(name, value, wanted) if numpy is None else array_tensor(name, value, numpy, wanted)
        name, datatype, shape, data = tensor
        total += len(data)
        if total > limit:
            raise ModelError("the answer is larger than %d MiB, the limit" % (limit >> 20))
        shape = fit_shape(name, shape, spec and spec["shape"])
        specs.append({"name": name, "datatype": datatype, "shape": shape, "bytes": len(data)})
        parts.append(data)
        parts.append(bytes(-len(data) % 8))
    missing = [spec["name"] for spec in declared if spec["name"] not in {one["name"] for one in specs}]
    missing = [name for name in missing if asked is None or name in asked]
    if missing:
        raise ModelError('predict gave no output "%s"' % missing[0])
    return specs, parts


# ---- models --------------------------------------------------------------------------------------------------------------------


def example_tensors(signature, values, numpy):
    """Rows that the model was logged with, as tensors: the data plane warms up with them. None when they do not fit."""
    try:
        specs, parts = [], []
        for spec in signature["inputs"]:
            if spec["name"] not in values:
                if spec.get("optional"):
                    continue
                return None
            value, datatype = values[spec["name"]], spec["datatype"]
            if numpy is None:
                name, made, shape, data = list_tensor(spec["name"], value, datatype)
            else:
                value = numpy.asarray(value, dtype=object if datatype == "BYTES" else NUMPY_TYPES[datatype])
                value = value.reshape([-1] + [1] * (len(spec["shape"]) - 1)) if value.ndim == 1 else value
                name, made, shape, data = array_tensor(spec["name"], value, numpy, datatype)
            if made != datatype or fit_shape(name, shape, spec["shape"]) != shape:
                return None
            specs.append({"name": name, "datatype": made, "shape": shape, "bytes": len(data)})
            parts += [data, bytes(-len(data) % 8)]
        return (specs, parts) if specs else None
    except Exception:
        return None


def tensor_datatype(dtype):
    name = str(dtype)
    if name == "float16":
        return "FP32"
    return DATATYPES.get(name, "BYTES")


def signature_of_schema(schema, prefix, column_shape):
    """Columns: a tensor each. Tensors: as they are. A schema has the one or the other."""
    specs = []
    for at, item in enumerate(schema or []):
        name = item.get("name")
        name = "%s-%d" % (prefix, at) if name is None else str(name)
        if item.get("type") == "tensor":
            inner = item["tensor-spec"]
            specs.append({"name": name, "datatype": tensor_datatype(inner["dtype"]), "shape": list(inner["shape"])})
        else:
            spec = {"name": name, "datatype": COLUMN_TYPES.get(item.get("type"), "BYTES"), "shape": list(column_shape)}
            if item.get("required") is False or item.get("optional") is True:
                spec["optional"] = True
            if item.get("type") in ("datetime", "binary"):
                spec["content"] = item["type"]
            specs.append(spec)
    return specs


def params_spec(item):
    """A parameter of predict. -1 = a list of any length."""
    spec = {"name": item["name"], "type": item.get("type") or item.get("dtype"), "default": plain(item.get("default"))}
    if item.get("shape") is not None:
        spec["shape"] = list(item["shape"])
    return spec


def plain(value):
    """Something JSON can say."""
    try:
        json.dumps(value, allow_nan=False)
        return value
    except (TypeError, ValueError):
        return None if isinstance(value, float) else str(value)


def no_signature():
    return {"inputs": [], "outputs": []}


class MlflowModel:
    def __init__(self, folder, numpy):
        try:
            import mlflow.pyfunc
        except ImportError as error:
            if (getattr(error, "name", None) or "").split(".")[0] not in ("mlflow", ""):
                raise
            raise LoadFailed(
                "mlflow is not in the model's environment (%s)" % error,
                "add mlflow to the model's requirements (mlflow.<flavour>.log_model does so by itself), then register it again",
            ) from None
        self.numpy = numpy
        self.model = mlflow.pyfunc.load_model(folder)
        found = self.model.metadata.signature
        schema = lambda part: part.to_dict() if part is not None else []
        self.columns = schema(found and found.inputs)
        outputs = schema(found and found.outputs)
        self.tensors = bool(self.columns) and self.columns[0].get("type") == "tensor"
        self.signature = {
            "inputs": signature_of_schema(self.columns, "input", [-1, 1]),
            "outputs": signature_of_schema(outputs, "output", [-1]),
        }
        params = schema(found and getattr(found, "params", None))
        if params:
            self.signature["params"] = [params_spec(item) for item in params]

    def example(self, folder):
        if not self.columns:
            return None
        try:
            found = self.model.metadata.load_input_example(folder)
        except Exception:
            return None
        if found is None:
            return None
        names = [spec["name"] for spec in self.signature["inputs"]]
        if hasattr(found, "columns"):
            keys = list(found.columns)
            given = [item.get("name") for item in self.columns]
            if all(name is None for name in given):
                given = keys
            return {name: found[key].to_numpy() for name, key in zip(names, given) if key in keys}
        if isinstance(found, dict):
            return {name: found[item.get("name")] for name, item in zip(names, self.columns) if item.get("name") in found}
        return {names[0]: found} if len(names) == 1 else None

    def column(self, item, values):
        kind = item.get("type")
        flat = values.reshape(-1)
        if kind == "datetime":
            import pandas

            # Each as it is written: pandas would take the first one's form for all.
            if int(pandas.__version__.split(".")[0]) >= 2:
                return pandas.to_datetime(flat, format="ISO8601")
            return pandas.to_datetime(flat)
        if kind == "binary":
            import base64

            return [base64.b64decode(one) for one in flat]
        if kind not in COLUMN_TYPES:
            return [json.loads(one) for one in flat]
        return flat

    def data_of(self, inputs):
        import pandas

        if not self.columns:
            return self.data_without_signature(inputs)
        names = [spec["name"] for spec in self.signature["inputs"]]
        if self.tensors:
            arrays = {}
            for name, item in zip(names, self.columns):
                dtype = self.numpy.dtype(item["tensor-spec"]["dtype"])
                value = inputs[name]
                arrays[name] = value if dtype.kind == "O" or value.dtype == dtype else value.astype(dtype)
            return arrays[names[0]] if len(names) == 1 and self.columns[0].get("name") is None else arrays
        made = {}
        for name, item in zip(names, self.columns):
            if name not in inputs:
                continue
            try:
                made[name] = self.column(item, inputs[name])
            except (ValueError, TypeError):  # its text holds the value
                raise InputError('a value of "%s" is no %s' % (name, item.get("type"))) from None
        frame = pandas.DataFrame(made)
        if all(item.get("name") is None for item in self.columns):
            frame.columns = range(len(frame.columns))
        return frame

    def data_without_signature(self, inputs):
        import pandas

        first = next(iter(inputs.values()), None)
        if len(inputs) == 1 and (first.ndim > 2 or (first.ndim == 2 and first.shape[1] != 1)):
            return first
        wide = [name for name, value in inputs.items() if value.size != value.shape[0]]
        return dict(inputs) if wide else pandas.DataFrame({name: value.reshape(-1) for name, value in inputs.items()})

    def predict(self, inputs, params):
        data = self.data_of(inputs)
        try:
            return self.model.predict(data) if params is None else self.model.predict(data, params=params)
        except Exception as error:
            if type(error).__name__ == "MlflowException" and "enforce" in str(error):
                # Its text holds the caller's rows.
                raise InputError("the rows do not fit the model's signature") from None
            raise


class PredictFile:
    def __init__(self, folder, numpy):
        path = os.path.join(folder, "predict.py")
        if not os.path.isfile(path):
            raise LoadFailed("there is no predict.py in the model's folder", "write one with: def predict(model, inputs): ...")
        sys.path.insert(0, folder)
        import importlib.util

        spec = importlib.util.spec_from_file_location("predict", path)
        module = importlib.util.module_from_spec(spec)
        sys.modules["predict"] = module
        # The model's folder is named by the digest of its files: no bytecode is written beside them.
        sys.dont_write_bytecode = True
        spec.loader.exec_module(module)
        if not callable(getattr(module, "predict", None)):
            raise LoadFailed("predict.py has no function predict", "write one: def predict(model, inputs): ...")
        load = getattr(module, "load", None)
        self.model = load(folder) if callable(load) else None
        sys.dont_write_bytecode = False
        self.function = module.predict
        self.rows = getattr(module, "EXAMPLE", None)
        self.signature = self.read_signature(module, folder)

    def example(self, folder):
        return self.rows

    def read_signature(self, module, folder):
        given = getattr(module, "SIGNATURE", None)
        path = os.path.join(folder, "signature.json")
        if given is None and os.path.isfile(path):
            with open(path, encoding="utf-8") as file:
                given = json.load(file)
        if given is None:
            return no_signature()
        read = no_signature()
        for side in ("inputs", "outputs"):
            for spec in given.get(side, []):
                datatype = spec.get("datatype")
                if datatype != "BYTES" and datatype not in NUMPY_TYPES:
                    raise LoadFailed(
                        'the signature says the datatype %r for "%s"' % (datatype, spec.get("name")),
                        "use one of %s, BYTES" % ", ".join(NUMPY_TYPES),
                    )
                read[side].append({"name": str(spec["name"]), "datatype": datatype, "shape": [int(one) for one in spec["shape"]]})
        return read

    def predict(self, inputs, params):
        return self.function(self.model, inputs)


class LoadFailed(Exception):
    def __init__(self, reason, remedy):
        super().__init__(reason)
        self.remedy = remedy


# ---- what is said of errors ----------------------------------------------------------------------------------------------------


def place_of(error, folder):
    """The last line of the model's own code that the error came through, else the last line of all: file, line, function."""
    frames = [frame for frame in traceback.extract_tb(error.__traceback__) if os.path.basename(frame.filename) != "serve_model.py"]
    own = [frame for frame in frames if frame.filename.startswith(folder + os.sep)]
    last = (own or frames or [None])[-1]
    return "" if last is None else " (%s line %d, in %s)" % (os.path.basename(last.filename), last.lineno, last.name)


def without_data(text, inputs):
    """An exception of a model often quotes the value it choked on. Values of text are taken out; they may be anybody's name."""
    values = set()
    for value in inputs.values():
        flat = value.flat if hasattr(value, "flat") else value if isinstance(value, list) else []
        for one in flat:
            while isinstance(one, list) and one:
                one = one[0]
            if isinstance(one, str) and one != "":
                values.add(one)
            if len(values) > 1000:
                break
    for value in sorted(values, key=len, reverse=True):
        text = text.replace(repr(value), "'…'").replace('"%s"' % value, '"…"')
        if len(value) > 3:
            text = text.replace(value, "…")
    return text


def describe(error, folder, inputs=None):
    try:
        message = str(error)
    except BaseException:  # a broken __str__ is the model's, and no reason to end
        message = ""
    message = message if inputs is None else without_data(message, inputs)
    message = " ".join(message.split())
    if len(message) > 400:
        message = message[:400] + "…"
    name = type(error).__name__
    return "%s%s%s" % (name, ": " + message if message else "", place_of(error, folder))


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


# The processes that a model starts by multiprocessing import this file again.
if __name__ == "__main__":
    main()
