"""What goes wrong, whose fault it is, and what is said of it."""
import os
import traceback

HERE = os.path.dirname(__file__)


class InputError(Exception):
    """The caller's mistake; its text may be shown to him."""


class ModelError(Exception):
    """The model gave something that no answer can be made of."""


class LoadFailed(Exception):
    def __init__(self, reason, remedy):
        super().__init__(reason)
        self.remedy = remedy


def place_of(error, folder):
    """The last line of the model's own code that the error came through, else the last line of all: file, line, function."""
    frames = [frame for frame in traceback.extract_tb(error.__traceback__) if os.path.dirname(frame.filename) != HERE]
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
