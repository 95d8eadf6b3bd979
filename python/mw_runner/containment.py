"""What a model must not do to the machine: outlive its data plane, take all its memory."""
import ctypes
import os
import signal
import sys
import threading
import time


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
