"""Proves a rebuilt environment: the packages of its lock are what is installed, and the model gives an answer in it.

    python prove.py SPEC.json

SPEC    {"packages": [{"name", "version"}], "model": path of an ONNX file or null, "rows": [{input: value}] or null,
        "sample": path of a parquet or csv file or null}

Prints one line of JSON: how ("onnxruntime" or "imports"), packages (how many were checked), rows, scores (what a monitor would
judge: the probability of class 1, or the first number), imported (modules). Runs in the rebuilt environment, so it must work with
Python 3.9, without a network and without any package. The last line that it prints before it fails says what is wrong.
"""
import json
import math
import os
import sys
from importlib import metadata
from importlib.util import find_spec

MOST_ROWS = 100


def fail(message):
    sys.stdout.flush()
    sys.exit("prove: " + message)


def normal(name):
    import re

    return re.sub(r"[-_.]+", "-", name).lower()


def check_packages(packages):
    installed = {normal(one.metadata["Name"]): one.version for one in metadata.distributions() if one.metadata["Name"]}
    for package in packages:
        found = installed.get(normal(package["name"]))
        if found is None:
            fail("%s %s is in the lock and was not installed" % (package["name"], package["version"]))
        if found != package["version"]:
            fail("%s is %s, the lock says %s" % (package["name"], found, package["version"]))
    return len(packages)


def import_packages(packages):
    """Imports the modules that the locked packages say they bring."""
    imported = 0
    wanted = {normal(package["name"]) for package in packages}
    for one in metadata.distributions():
        name = one.metadata["Name"]
        if name is None or normal(name) not in wanted:
            continue
        tops = (one.read_text("top_level.txt") or "").split()
        if not tops:
            files = [str(file) for file in one.files or []]
            tops = sorted({file.split("/")[0] for file in files if file.endswith("/__init__.py") and file.count("/") == 1})
        for top in tops:
            if top.startswith("_") or not top.isidentifier() or find_spec(top) is None:
                continue
            try:
                __import__(top)
                imported += 1
            except Exception as error:
                fail("%s %s: import %s failed: %s: %s" % (name, one.version, top, type(error).__name__, error))
    return imported


def sample_rows(path):
    try:
        import pandas
    except ImportError:
        return None
    table = pandas.read_csv(path) if path.endswith(".csv") else pandas.read_parquet(path)
    return json.loads(table.head(MOST_ROWS).to_json(orient="records"))


def cell(value, kind):
    if kind == "tensor(string)":
        return "" if value is None else str(value)
    if value is None:
        return math.nan
    return value


def column(rows, name, declared):
    """Values of one input, all rows one after another; an input of several values is kept as name_0, name_1 …"""
    if name in rows[0]:
        parts = [name]
    else:
        parts = []
        while "%s_%d" % (name, len(parts)) in rows[0]:
            parts.append("%s_%d" % (name, len(parts)))
    if not parts:
        fail("the kept rows have no value for the model's input %s" % name)
    return [cell(row.get(part), declared) for row in rows for part in parts], len(parts)


DTYPES = {
    "tensor(float)": "float32",
    "tensor(double)": "float64",
    "tensor(int64)": "int64",
    "tensor(int32)": "int32",
    "tensor(bool)": "bool",
}


def predict(model, rows):
    import numpy
    import onnxruntime

    session = onnxruntime.InferenceSession(model, providers=["CPUExecutionProvider"])
    feeds = {}
    for declared in session.get_inputs():
        values, width = column(rows, declared.name, declared.type)
        array = numpy.asarray(values, dtype=DTYPES.get(declared.type, object))
        feeds[declared.name] = array.reshape(-1) if len(declared.shape) == 1 else array.reshape(len(rows), width)
    names = [output.name for output in session.get_outputs()]
    return list(zip(names, session.run(None, feeds)))


def scores_of(outputs, count):
    """As the data plane keeps it: class 1 of an [n, 2] output named like a probability, else the first number of the first output."""
    import numpy

    arrays = [(name, numpy.asarray(value)) for name, value in outputs]
    numeric = [(name, value) for name, value in arrays if value.dtype.kind in "fiub"]
    if not numeric:
        return [None] * count
    pairs = [value for name, value in numeric if "prob" in name.lower() and value.ndim == 2 and value.shape[1] == 2]
    flat = pairs[0][:, 1] if pairs else numeric[0][1].reshape(count, -1)[:, 0]
    return [float(value) if math.isfinite(float(value)) else None for value in flat]


def main():
    with open(sys.argv[1], encoding="utf-8") as file:
        spec = json.load(file)
    answer = {"packages": check_packages(spec["packages"]), "imported": 0, "rows": 0, "scores": []}
    rows = spec["rows"] or (sample_rows(spec["sample"]) if spec["sample"] else None)
    if spec["model"] and rows and find_spec("onnxruntime") is not None:
        try:
            outputs = predict(spec["model"], rows)
        except Exception as error:
            fail("the model did not answer: %s: %s" % (type(error).__name__, str(error).splitlines()[0] if str(error) else ""))
        answer.update(how="onnxruntime", rows=len(rows), scores=scores_of(outputs, len(rows)))
    else:
        answer.update(how="imports", imported=import_packages(spec["packages"]))
    sys.stdout.flush()
    print("\n" + json.dumps(answer))


if __name__ == "__main__":
    # What a package prints while it is imported must not be taken for the answer.
    os.environ.setdefault("PYTHONUNBUFFERED", "1")
    main()
