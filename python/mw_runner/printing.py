"""What the model prints."""
import os
import time

PRINT_BYTES, PRINT_SECONDS = 64 * 1024, 10.0


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
