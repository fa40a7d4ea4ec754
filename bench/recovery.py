#!/usr/bin/env python3
"""How long a job takes to go on when a node is killed or falls silent, on the demo's job: with
half of its decoders, or one of two replicas of the model, on the node. Prints medians with their
spread, in seconds after the signal:

    known       until the job says that the node is lost
    next step   until the first step that is finished after that (of replicas: after it went back)
    pause       the longest time between two steps

    bench/recovery.py [--rounds N]

It needs the default data (./dev data).
"""

import argparse
import signal
import tempfile
import threading
import time
from pathlib import Path

from job_processes import POLL, Job, Node, describe, wait_for

DECODERS = ("half of the decoders", "two_nodes/florence_nano_two_nodes.yaml", "node alpha was lost")
REPLICA = ("a replica of the model", "replicas_on_nodes/florence_nano_replicas_on_nodes.yaml",
           "node alpha was lost: back to step")
AFTER = 20  # steps that are watched


class StepTimes:
    """Notes when steps are finished."""

    def __init__(self, job):
        self.job = job
        self.times = []
        self.on = True
        self.thread = threading.Thread(target=self.watch)
        self.thread.start()

    def watch(self):
        seen = self.job.steps()
        while self.on:
            now = self.job.steps()
            if now > seen:
                self.times.append(time.monotonic())
                seen = now
            time.sleep(POLL)

    def end(self):
        self.on = False
        self.thread.join()
        return self.times


def measure(folder, example, said, number):
    node = Node(folder, "alpha")
    job = Job(folder, example, [node])
    job.wait_for_steps(20)
    watch = StepTimes(job)
    job.wait_for_steps(3)
    begin = time.monotonic()
    node.signal(number)
    _, known = job.wait_for("node alpha was lost")
    _, back = job.wait_for(said)
    wait_for("the next step", lambda: watch.times[-1] > back)
    job.wait_for_steps(AFTER)
    job.stop()
    node.end()
    times = watch.end()
    next_step = next(time for time in times if time > back)
    around = [time for time in times if time > begin - 1]
    pause = max(after - before for before, after in zip(around, around[1:]))
    return known - begin, next_step - begin, pause


def main():
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=5)
    args = parser.parse_args()
    for what, example, said in (DECODERS, REPLICA):
        for how, number in (("kill -9", signal.SIGKILL), ("SIGSTOP", signal.SIGSTOP)):
            rounds = []
            for _ in range(args.rounds):
                with tempfile.TemporaryDirectory() as folder:
                    rounds.append(measure(Path(folder), example, said, number))
            print(f"{how} of the node with {what}")
            for name, seconds in zip(("known", "next step", "pause"), zip(*rounds)):
                print(f"  {name:10} {describe(seconds)}", flush=True)


if __name__ == "__main__":
    main()
