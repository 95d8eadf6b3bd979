"""Turns a scikit-learn model into ONNX and says how far the two differ.

    python export_onnx.py MODEL SAMPLE OUT.onnx PARITY.json

MODEL   joblib or pickle file of a fitted estimator or Pipeline.
SAMPLE  parquet or csv file of raw model inputs: one column per input, some hundred rows or more.
OUT     the ONNX model: one input [n, 1] per column (string or float32), outputs `label` and, for a classifier, `probabilities`.
PARITY  JSON: rows, max_abs_diff, label_flips, opset, inputs, outputs, the version of each library, and golden: some rows of the sample
        with the ONNX model's answers, as tensors, which a server must repeat before it takes calls.

Runs in the project's own environment, so it must work with Python 3.9 and without a network. The last line that it prints
before it fails says what to do.
"""
import json
import os
import pickle
import sys

# ai.onnx.ml 3 and opset 18: what every onnxruntime since 1.14 runs; a newer opset would lock older runtimes out.
OPSET = {"": 18, "ai.onnx.ml": 3}
# Beyond this a threshold somewhere may flip: the report is made all the same, and the gate decides.
TOLERANCE = 1e-5
# Rows of the sample with their answers that a server is checked by. Fewer of very wide models: the file is read at every start.
GOLDEN_ROWS = 32
GOLDEN_CELLS = 20000
# Other processors sum in another order; a wrong model is wrong by more.
GOLDEN_TOLERANCE = 1e-4


def fail(message):
    sys.stdout.flush()
    sys.exit("export_onnx: " + message)


def missing_packages():
    import importlib.util

    wanted = {"sklearn": "scikit-learn", "skl2onnx": "skl2onnx", "onnxruntime": "onnxruntime", "numpy": "numpy", "pandas": "pandas"}
    return [package for module, package in wanted.items() if importlib.util.find_spec(module) is None]


def load_model(path):
    # The step's folder holds the project's code: a pickle may name classes and functions of it.
    sys.path.insert(0, os.getcwd())
    try:
        import joblib

        return joblib.load(path)
    except ModuleNotFoundError as error:
        if error.name != "joblib" and (error.name or "").replace(".", "_").isidentifier():
            fail("%s needs the module %s, which is not in the environment: add it to requirements" % (path, error.name))
        if error.name != "joblib":
            fail("%s is not a joblib or pickle file of a model" % path)
    except Exception as error:  # joblib reads plain pickles too; whatever it cannot read is no model
        fail("%s is not a joblib or pickle file of a model: %s" % (path, error))
    try:
        with open(path, "rb") as file:
            return pickle.load(file)
    except Exception as error:
        fail("%s is not a pickle file of a model (joblib is not in the environment): %s" % (path, error))


def load_sample(path):
    import pandas

    try:
        if path.endswith(".csv"):
            return pandas.read_csv(path)
        return pandas.read_parquet(path)
    except ImportError as error:
        fail("%s cannot be read: add pyarrow to requirements (%s)" % (path, str(error).splitlines()[0]))
    except Exception as error:
        fail("%s is not a parquet or csv file: %s" % (path, error))


def is_number(column):
    from pandas.api.types import is_bool_dtype, is_numeric_dtype

    return is_numeric_dtype(column) or is_bool_dtype(column)


def columns_of(model, sample):
    """The sample's columns that the model was fitted on, in its order."""
    names = getattr(model, "feature_names_in_", None)
    if names is None:
        return list(sample.columns)
    absent = [name for name in names if name not in sample.columns]
    if absent:
        fail("the sample lacks the columns %s that the model was fitted on: write the raw inputs into it" % ", ".join(map(str, absent)))
    return [str(name) for name in names]


def as_served(sample):
    """What a request carries: float32 numbers with NaN for missing, and text with '' for missing."""
    import numpy
    import pandas

    served = {}
    for name in sample.columns:
        column = sample[name]
        if is_number(column):
            # An integer column with missing values is a nullable type, whose gaps to_numpy turns into NaN.
            served[name] = column.to_numpy(dtype="float64", na_value=numpy.nan).astype("float32")
        else:
            served[name] = column.astype(object).where(column.notna(), "").astype(str).to_numpy(dtype=object)
    return pandas.DataFrame(served)


def convert(model, served):
    from skl2onnx import to_onnx
    from skl2onnx.common.data_types import FloatTensorType, StringTensorType

    types = [
        (name, FloatTensorType([None, 1]) if is_number(served[name]) else StringTensorType([None, 1])) for name in served.columns
    ]
    # zipmap would wrap the probabilities into a list of maps, which is no tensor.
    options = {"zipmap": False} if hasattr(model, "classes_") or hasattr(model, "predict_proba") else None
    try:
        # A fixed name: equal models must become equal files, for then there is nothing new to deploy.
        return to_onnx(model, name="model", initial_types=types, target_opset=OPSET, options=options and {id(model): options})
    except Exception as error:
        name = type(model).__name__
        steps = getattr(model, "steps", None)
        if steps:
            name = " > ".join(type(step).__name__ for _, step in steps)
        fail("skl2onnx cannot convert %s: %s" % (name, str(error).strip().splitlines()[0] if str(error).strip() else repr(error)))


def run_onnx(session, served):
    import numpy

    feeds = {}
    for declared in session.get_inputs():
        column = served[declared.name].to_numpy()
        kind = "float32" if "float" in declared.type else object
        feeds[declared.name] = numpy.asarray(column, dtype=kind).reshape(-1, 1)
    return dict(zip([output.name for output in session.get_outputs()], session.run(None, feeds)))


def compare(model, served, answers):
    """Largest difference of a number, and labels that differ."""
    import numpy

    named = {name: numpy.asarray(value) for name, value in answers.items()}
    if hasattr(model, "predict_proba"):
        native = numpy.asarray(model.predict_proba(served), dtype="float64")
        probabilities = [v for v in named.values() if v.ndim == 2 and v.shape == native.shape and v.dtype.kind == "f"]
        labels = [v for v in named.values() if v.ndim == 1]
        if not probabilities:
            fail("the converted model has no probabilities of shape %s" % (native.shape,))
        difference = float(numpy.max(numpy.abs(native - probabilities[0]))) if len(native) else 0.0
        expected = numpy.asarray(model.predict(served)).astype(str)
        flips = int(numpy.sum(expected != labels[0].astype(str))) if labels else 0
        return difference, flips
    native = numpy.asarray(model.predict(served))
    got = next(iter(named.values())).reshape(native.shape)
    if native.dtype.kind in "fiub":
        return (float(numpy.max(numpy.abs(native.astype("float64") - got))) if len(native) else 0.0), 0
    return 0.0, int(numpy.sum(native.astype(str) != got.astype(str)))


def tensor_of(name, value):
    """An Open Inference Protocol V2 tensor with flat data, or None for a kind that it cannot carry. Whole numbers beyond 2^53 as text."""
    import numpy

    array = numpy.asarray(value)
    if array.dtype.kind in "OUS":
        return {"name": name, "datatype": "BYTES", "shape": list(array.shape), "data": [str(one) for one in array.ravel()]}
    datatype = {
        "float32": "FP32", "float64": "FP64", "int64": "INT64", "int32": "INT32", "int16": "INT16", "int8": "INT8",
        "uint64": "UINT64", "uint32": "UINT32", "uint16": "UINT16", "uint8": "UINT8", "bool": "BOOL",
    }.get(array.dtype.name)
    if datatype is None:
        return None
    if array.dtype.kind == "f":
        if numpy.isinf(array).any():
            return None  # JSON has no infinity
        data = [None if one != one else one for one in array.ravel().tolist()]
    else:
        data = [str(one) if abs(one) > 2**53 else one for one in array.ravel().tolist()]
    return {"name": name, "datatype": datatype, "shape": list(array.shape), "data": data}


def golden_of(session, served):
    """Rows spread over the sample, or None when the protocol cannot carry them."""
    import numpy

    count = max(1, min(GOLDEN_ROWS, len(served), GOLDEN_CELLS // max(1, len(served.columns))))
    rows = served.iloc[numpy.unique(numpy.linspace(0, len(served) - 1, count).astype(int))]
    inputs = []
    for declared in session.get_inputs():
        column = rows[declared.name].to_numpy()
        kind = "float32" if "float" in declared.type else object
        inputs.append(tensor_of(declared.name, numpy.asarray(column, dtype=kind).reshape(-1, 1)))
    outputs = [tensor_of(name, value) for name, value in run_onnx(session, rows).items()]
    if not inputs or any(one is None or not one["shape"] or one["shape"][0] != len(rows) for one in inputs + outputs):
        return None
    return {"tolerance": GOLDEN_TOLERANCE, "inputs": inputs, "outputs": outputs}


def write_json(path, value):
    with open(path, "w", encoding="utf-8") as file:
        json.dump(value, file, indent=1)
        file.write("\n")


def main(argv):
    if len(argv) != 5:
        fail("four files are needed: MODEL SAMPLE OUT.onnx PARITY.json")
    _, model_path, sample_path, onnx_path, parity_path = argv
    for path in (model_path, sample_path):
        if not os.path.exists(path):
            fail("%s is not there: the step before must write it" % path)
    absent = missing_packages()
    if absent:
        fail("add %s to requirements" % " and ".join(absent))

    import onnxruntime
    import skl2onnx
    import sklearn

    model = load_model(model_path)
    if not hasattr(model, "predict"):
        fail("%s holds a %s, which is not a model: it has no predict()" % (model_path, type(model).__name__))
    sample = load_sample(sample_path)
    if len(sample) == 0:
        fail("%s has no rows: some hundred are needed to compare the models" % sample_path)
    served = as_served(sample[columns_of(model, sample)])
    converted = convert(model, served)
    with open(onnx_path, "wb") as file:
        file.write(converted.SerializeToString())

    options = onnxruntime.SessionOptions()
    options.log_severity_level = 3
    session = onnxruntime.InferenceSession(onnx_path, options, providers=["CPUExecutionProvider"])
    difference, flips = compare(model, served, run_onnx(session, served))
    report = {
        "rows": int(len(served)),
        "max_abs_diff": difference,
        "label_flips": flips,
        "opset": OPSET[""],
        "inputs": [{"name": one.name, "type": one.type} for one in session.get_inputs()],
        "outputs": [{"name": one.name, "type": one.type} for one in session.get_outputs()],
        "scikit-learn": sklearn.__version__,
        "skl2onnx": skl2onnx.__version__,
        "onnxruntime": onnxruntime.__version__,
    }
    golden = golden_of(session, served)
    if golden is not None:
        report["golden"] = golden
    write_json(parity_path, report)
    verdict = "same" if difference <= TOLERANCE and flips == 0 else "DIFFERENT"
    print(
        "%s: %d inputs, %d KiB; %s as the native model on %d rows: largest difference %.2g, %d labels differ"
        % (onnx_path, len(report["inputs"]), os.path.getsize(onnx_path) // 1024, verdict, len(served), difference, flips)
    )


def with_fixed_hashes():
    """Starts this program again with fixed hashes: skl2onnx walks over sets of names, so the order of the graph's parts, and with it
    the digest of an equal model, would differ from one run to the next."""
    if os.environ.get("PYTHONHASHSEED") != "0":
        from subprocess import _args_from_interpreter_flags  # what multiprocessing uses; sys.orig_argv is not in Python 3.9

        command = [sys.executable] + _args_from_interpreter_flags() + sys.argv
        os.execve(sys.executable, command, dict(os.environ, PYTHONHASHSEED="0"))


if __name__ == "__main__":
    with_fixed_hashes()
    main(sys.argv)
