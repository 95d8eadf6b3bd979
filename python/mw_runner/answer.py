"""What predict gave, as the outputs that the signature declares and the caller asked for."""
from .faults import ModelError
from .tensors_out import array_tensor, list_tensor


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
