"""Jobs and nodes as processes, for benchmarks of what happens to a running job."""

import atexit
import re
import statistics
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
ARNO = str(ROOT / "build" / "release" / "cli" / "arno")
POLL = 0.002  # seconds
PATIENCE = 60


def wait_for(what, found):
    """What `found` returns, once that is something, and when."""
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        value = found()
        if value:
            return value, time.monotonic()
        time.sleep(POLL)
    sys.exit(f"waited in vain for {what}")


def text_of(path):
    return path.read_text(encoding="utf-8") if path.exists() else ""


class Program:
    """`arno` with arguments; what it says goes to a file. It ends with this process."""

    def __init__(self, output, *arguments):
        self.output = output
        with open(output, "w", encoding="utf-8") as file:
            self.process = subprocess.Popen([ARNO, *map(str, arguments)], cwd=ROOT, stdout=file,
                                            stderr=subprocess.STDOUT)
        atexit.register(self.end)

    def said(self):
        return text_of(self.output)

    def wait_until(self, what, found):
        def check():
            value = found()
            if not value and self.process.poll() is not None:
                sys.exit(f"arno ended before {what}:\n{self.said()[-2000:]}")
            return value
        return wait_for(what, check)

    def wait_for(self, pattern):
        """The match of a regular expression in what it says, and when that was there."""
        return self.wait_until(f"{pattern!r}", lambda: re.search(pattern, self.said()))

    def signal(self, number):
        self.process.send_signal(number)

    def end(self):
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()


class Node(Program):
    def __init__(self, folder, name):
        self.name = name
        super().__init__(folder / f"{name}.txt", "node", "--name", name)
        found, _ = self.wait_for(r"listens on (\S+), metrics on (\S+), with")
        self.address, self.metrics = found[1], found[2]


class Job(Program):
    """A job of an example, with its nodes in place of those that the file names."""

    def __init__(self, folder, example, nodes=()):
        text = (ROOT / "examples" / example).read_text(encoding="utf-8")
        text = re.sub(r"\bsteps: \d+", "steps: 100000", text)
        text = text.replace("127.0.0.1:9464", "127.0.0.1:0")
        for node in nodes:
            text = re.sub(rf"{node.name}: {{address: \S+}}", f'{node.name}: {{address: "{node.address}"}}',
                          text)
        file = folder / "job.yaml"
        file.write_text(text, encoding="utf-8")
        self.run = folder / "run"
        super().__init__(folder / "job.txt", "run", file, "--output", self.run)

    def steps(self):
        return text_of(self.run / "log.jsonl").count('"stage":')

    def wait_for_steps(self, more):
        """When so many more steps were finished."""
        wanted = self.steps() + more
        return self.wait_until(f"step {wanted}", lambda: self.steps() >= wanted)[1]

    def metrics(self):
        return f"http://{text_of(self.run / 'monitoring.address').strip()}/metrics"

    def stop(self):
        subprocess.run([ARNO, "stop", str(self.run)], check=True, capture_output=True)
        self.process.wait(PATIENCE)


def items_of(metrics, actor, replica):
    """How many items a replica has handled, as its process tells."""
    with urllib.request.urlopen(metrics) as reply:
        text = reply.read().decode()
    pattern = rf'^arno_actor_items_total{{[^}}]*actor="{actor}"[^}}]*replica="{replica}"[^}}]*}} (\S+)'
    found = re.search(pattern, text, re.MULTILINE)
    return float(found[1]) if found else 0.0


def describe(seconds):
    return f"{statistics.median(seconds):6.3f} s  ({min(seconds):.3f} .. {max(seconds):.3f})"
