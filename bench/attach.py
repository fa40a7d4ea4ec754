#!/usr/bin/env python3
"""How long it takes from the order to attach a decoder to its first item, on the demo's job: a
decoder where the job runs, and one on a node that joins. Prints medians with their spread.

    bench/attach.py [--rounds N]

It needs the default data (./dev data).
"""

import argparse
import subprocess
import tempfile
import time
from pathlib import Path

from job_processes import ARNO, Job, Node, describe, items_of, wait_for

HERE = """
actors: {decode: {replicas: 3}}
edges: [{from: decode.rejects, to: read.rejects, capacity: 1536}]
"""
ON_A_NODE = """
nodes: {{late: {{address: "{address}"}}}}
actors: {{decode: {{replicas: 3, nodes: [late]}}}}
edges: [{{from: decode.rejects, to: read.rejects, capacity: 1536}}]
"""


def attach(folder, job, patch, metrics):
    """Seconds from the order to the first item of decode[2]."""
    file = folder / "patch.yaml"
    file.write_text(patch, encoding="utf-8")
    begin = time.monotonic()
    order = subprocess.Popen([ARNO, "attach", str(job.run), str(file)], stdout=subprocess.DEVNULL)
    _, first = wait_for("the first item", lambda: items_of(metrics, "decode", 2))
    order.wait()
    return first - begin


def here(folder):
    job = Job(folder, "florence_nano.yaml")
    job.wait_for_steps(10)
    seconds = attach(folder, job, HERE, job.metrics())
    job.stop()
    return seconds


def on_a_node(folder):
    node = Node(folder, "late")
    job = Job(folder, "florence_nano.yaml")
    job.wait_for_steps(10)
    seconds = attach(folder, job, ON_A_NODE.format(address=node.address), node.metrics)
    job.stop()
    node.end()
    return seconds


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    args = parser.parse_args()
    for name, measure in (("where the job runs", here), ("on a node that joins", on_a_node)):
        seconds = []
        for _ in range(args.rounds):
            with tempfile.TemporaryDirectory() as folder:
                seconds.append(measure(Path(folder)))
        print(f"attach of a decoder {name}, order to first item: {describe(seconds)}", flush=True)


if __name__ == "__main__":
    main()
