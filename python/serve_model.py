"""Answers calls of one model: an MLflow model folder, or a folder with a predict.py. Started by the data plane, one process a replica.

    python -I -u serve_model.py FD

FD is a socket to the data plane; what goes over it is said in mw_runner/frames.py. What the model prints goes to standard output and
standard error, never there. Standard library only until the model is loaded; works with Python 3.9 and without numpy.

The contract of predict.py:
    def load(folder): ...                 # optional; the folder's path in, the model out
    def predict(model, inputs): ...       # inputs: {name: numpy.ndarray}, nested lists where numpy is missing;
                                          # answer: {name: array or list}, or one array, list, number, Series or DataFrame
    EXAMPLE = {"x": [[1.0, 2.0]]}         # optional: rows to warm up with
    SIGNATURE = {"inputs": [{"name": "x", "datatype": "FP32", "shape": [-1, 2]}], "outputs": [...]}     # optional; or signature.json
"""
import os
import sys


def runner():
    """The package beside this file, whatever the interpreter's flags: with -I this folder is not on the path."""
    here = os.path.dirname(os.path.abspath(__file__))
    writes_none = sys.dont_write_bytecode
    sys.dont_write_bytecode = True  # the installation stays as it is, and may not be ours to write to
    sys.path.insert(0, here)
    try:
        from mw_runner import loop
    finally:
        # Its other files must not stand before the model's own modules of their names.
        sys.path.remove(here)
        sys.dont_write_bytecode = writes_none
    return loop


# The processes that a model starts by multiprocessing import this file again.
if __name__ == "__main__":
    runner().main()
