"""How a peer tells what held: one JSON object per line on standard output, and
at the end how many there were, so that a peer that dies early is noticed.
"""

import json
import sys
import time
import traceback


class Checks:
    """Runs checks and counts them. A check that raises has failed."""

    def __init__(self):
        self.count = 0

    def run(self, name, check, *arguments):
        began = time.monotonic()
        line = {"check": name, "ok": True}
        try:
            saw = check(*arguments)
            if saw is not None:
                line["saw"] = saw
        except Exception as error:  # whatever a library raises is what it says
            line.update(ok=False, saw=f"{type(error).__name__}: {error}"[:2000])
            traceback.print_exc()
        line["ms"] = round(1000 * (time.monotonic() - began))
        self.count += 1
        tell(**line)

    def close(self):
        tell(done=self.count)


def tell(**line):
    # In one piece: threads may tell at the same time.
    sys.stdout.write(json.dumps(line) + "\n")
    sys.stdout.flush()


def same(seen, wanted):
    if seen != wanted:
        sys.stderr.flush()
        raise AssertionError(f"seen {str(seen)[:300]}, wanted {str(wanted)[:300]}")


def holds(truth, otherwise):
    if not truth:
        raise AssertionError(otherwise)
