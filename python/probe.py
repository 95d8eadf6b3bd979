"""Says which Python this is, as one line of JSON. Standard library only, Python 3.6 and newer.

`packages` as an argument adds the installed distributions. Run it with `-I`, so that neither the current folder nor
PYTHONPATH decides the answer.
"""
import json
import platform
import sys
import sysconfig


def main():
    base = getattr(sys, "_base_executable", None) or sys.executable
    facts = {
        "version": platform.python_version(),
        "implementation": platform.python_implementation(),
        "executable": sys.executable,
        "baseExecutable": base,
        "inVenv": sys.prefix != sys.base_prefix,
        "platform": sysconfig.get_platform(),
        "libc": " ".join(part for part in platform.libc_ver() if part),
        "freeThreaded": bool(sysconfig.get_config_var("Py_GIL_DISABLED")),
    }
    try:
        import ensurepip

        facts["pip"] = ensurepip.version()
    except Exception:
        # Debian splits venv off: without ensurepip `python -m venv` fails.
        facts["pip"] = None
    if "packages" in sys.argv[1:]:
        from importlib.metadata import distributions

        found = {(d.metadata["Name"], d.version) for d in distributions() if d.metadata["Name"]}
        facts["packages"] = [{"name": name, "version": version} for name, version in sorted(found)]
    print(json.dumps(facts, sort_keys=True))


main()
