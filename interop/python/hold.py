"""Holds one TCP connection open and sends a line over it each second.

Usage: hold.py HOST PORT SECONDS. Every line has to come back. Exits with 0
when the connection lived to the end, and with 1 when it broke.
"""

import socket
import sys
import time


def hold(host, port, seconds):
    end = time.monotonic() + seconds
    with socket.create_connection((host, port), timeout=10) as connection:
        lines = connection.makefile("rwb")
        print(lines.readline().decode().strip(), flush=True)
        count = 0
        while time.monotonic() < end:
            line = f"line {count}\n".encode()
            lines.write(line)
            lines.flush()
            answer = lines.readline()
            if answer != line:
                sys.exit(f"after {count} lines came {answer!r}")
            count += 1
            time.sleep(1)
        print(f"held for {count} lines", flush=True)


if __name__ == "__main__":
    hold(sys.argv[1], int(sys.argv[2]), float(sys.argv[3]))
