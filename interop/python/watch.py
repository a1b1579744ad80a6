"""A peer nobody here wrote the heart of: the `spiffe` library gets this process
its identity and its bundles from the Workload API and follows its rotation.

Usage: watch.py ROTATIONS SECONDS. One JSON object per line on standard output;
an error ends it with exit code 1.
"""

import json
import sys
import threading

from spiffe import WorkloadApiClient, X509Source


def tell(**line):
    print(json.dumps(line), flush=True)


def serial(svid):
    return format(svid.leaf.serial_number, "x")


def fetch():
    """The single calls, each on a stream of its own."""
    with WorkloadApiClient() as client:
        svid = client.fetch_x509_svid(timeout=10)
        bundles = client.fetch_x509_bundles(timeout=10)
        domain = svid.spiffe_id.trust_domain
        bundle = bundles.get_bundle_for_trust_domain(domain)
        tell(
            event="fetched",
            id=str(svid.spiffe_id),
            serial=serial(svid),
            chain=len(svid.cert_chain),
            authorities=len(bundle.x509_authorities),
        )


def watch(wanted, seconds):
    """A source that keeps itself up to date."""
    changed = threading.Event()
    with X509Source(timeout_in_seconds=10) as source:
        source.subscribe_for_updates(changed.set)
        seen = [serial(source.get_x509_context().default_svid)]
        tell(event="watching", serial=seen[0])
        while len(seen) <= wanted:
            if not changed.wait(timeout=seconds):
                sys.exit(f"{len(seen) - 1} of {wanted} rotations in {seconds} s each")
            changed.clear()
            now = serial(source.get_x509_context().default_svid)
            if now != seen[-1]:
                seen.append(now)
                tell(event="rotated", serial=now)


if __name__ == "__main__":
    fetch()
    watch(int(sys.argv[1]), float(sys.argv[2]))
