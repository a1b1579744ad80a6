"""One line for each request a Python backend has made out of its bytes."""

import os

LOG = os.open(os.environ["GRID_LOG"], os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)


def note(method, target):
    os.write(LOG, f"{method} {target}\n".encode("utf-8", "backslashreplace"))
