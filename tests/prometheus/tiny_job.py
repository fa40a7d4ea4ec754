# SPDX-License-Identifier: Apache-2.0
"""A real job on a few pictures: what the tests of monitoring look at."""

import io
import os
import signal
import socket
import subprocess
import sys
import tarfile
import time
import urllib.error
import urllib.request
from pathlib import Path

sys.path.append(str(Path(__file__).resolve().parents[1] / "support"))
import png  # noqa: E402

ARNO = os.environ.get("ARNO_BINARY", "build/release/cli/arno")
SIDE = 24
CLASSES = 10
START_TIMEOUT_S = 60

ORDER_TIMEOUT_S = 120

JOB = """\
job: {name}
output: {folder}/{name}
seed: 3
training:
  batch_size: 8
  stages: [{{steps: {steps}, resolution: 32, peak_lr: {peak_lr}}}]
monitoring: {{listen: "{address}", linger_s: 300}}
actors:
  read:
    kind: shard_reader
    options:
      window: 24
      max_bad_share: 0.5
      sources: [{{name: tiny, shards: ['{folder}/train.tar']}}]
  decode: {{kind: decoder, replicas: 2, on_error: skip}}
  augment: {{kind: augmenter, options: {{flip: 0.5}}}}
  prompt: {{kind: prompt_sampler}}
  tokenize: {{kind: tokenizer, options: {{vocabulary: '{folder}/bpe', context_length: 16}}}}
  batch: {{kind: batcher}}
  model:
    kind: model_shard
    options: {{preset: nano, text_width: 16, text_heads: 2, text_layers: 1, context_length: 16,
              vocab_size: 540, projection_dim: 16, checkpoint_every: 40, evaluate_every: 20,
              threads: 1}}
  loss: {{kind: contrastive_loss}}
  save: {{kind: checkpointer, options: {{keep: 1}}}}
  evaluate:
    kind: evaluator
    on_error: restart
    max_errors: 100000
    options:
      vocabulary: '{folder}/bpe'
      tasks:
        - {{name: tiny, protocol: retrieval, shards: ['{folder}/test.tar']}}
        - {{name: things, protocol: zero_shot, shards: ['{folder}/things/test.tar'],
           templates: '{folder}/templates.txt'}}
edges:
  - {{from: read.samples, to: decode.samples, capacity: 8}}
  - {{from: decode.images, to: augment.images, capacity: 32}}
  - {{from: decode.rejects, to: read.rejects, capacity: 48}}
  - {{from: augment.augmented, to: prompt.samples, capacity: 8}}
  - {{from: prompt.prompted, to: tokenize.samples, capacity: 8}}
  - {{from: tokenize.tokenized, to: batch.samples, capacity: 8}}
  - {{from: batch.delivered, to: read.delivered, capacity: 64}}
  - {{from: batch.batches, to: model.batches, capacity: 1}}
  - {{from: model.features, to: loss.features, capacity: 1}}
  - {{from: loss.gradients, to: model.gradients, capacity: 1}}
  - {{from: model.snapshots, to: save.snapshots, capacity: 1}}
  - {{from: model.evaluations, to: evaluate.snapshots, capacity: 1}}
"""

# Patches of the job above.
MORE_DECODERS = """\
actors: {{decode: {{replicas: 3}}}}
edges: [{{from: decode.rejects, to: read.rejects, capacity: 72}}]
"""
AN_EVALUATOR = """\
actors:
  judge:
    kind: evaluator
    options:
      vocabulary: '{folder}/bpe'
      tasks: [{{name: again, protocol: retrieval, shards: ['{folder}/test.tar']}}]
edges: [{{from: model.evaluations, to: judge.snapshots, capacity: 1}}]
"""


def stripes(number):
    """A striped picture, another for each number."""
    def pixel(x, y):
        return bytes([(number * 37 + 3 * x) % 256, (number * 91 + 2 * y) % 256,
                      (x // (1 + number % 7) + y) % 2 * 200])

    return png.encode(SIDE, pixel)


def write_shard(path, samples, text_ending="txt"):
    """samples: pairs of the bytes of a PNG and its text, or its class where the ending is cls."""
    with tarfile.open(path, "w") as tar:
        for number, (image, text) in enumerate(samples):
            for ending, body in (("png", image), (text_ending, text.encode())):
                member = tarfile.TarInfo(f"{number:04}.{ending}")
                member.size = len(body)
                tar.addfile(member, io.BytesIO(body))


def class_names():
    return [f"thing{i}" for i in range(CLASSES)]


def write_data(folder):
    """Shards, one of them with a cut image and one of classes, templates and a vocabulary."""
    texts = [f"a striped square with number {i} on it" if i % 3 == 2 else f"thing{i % CLASSES}"
             for i in range(30)]
    samples = [(stripes(i), text) for i, text in enumerate(texts)]
    write_shard(folder / "test.tar", samples)
    write_shard(folder / "train.tar", samples + [(stripes(30)[:120], "a cut picture")])
    things = folder / "things"
    things.mkdir()
    write_shard(things / "test.tar", [(stripes(i), str(i % CLASSES)) for i in range(30)], "cls")
    (things / "classnames.txt").write_text("".join(f"{name}\n" for name in class_names()),
                                           encoding="utf-8")
    (folder / "templates.txt").write_text("a photo of the {}\n", encoding="utf-8")
    subprocess.run([ARNO, "data", "train-bpe", str(folder / "test.tar"), "--out",
                    str(folder / "bpe"), "--vocab-size", "540"],
                   check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def free_address():
    """An address of this machine on which nothing listens."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return f"127.0.0.1:{probe.getsockname()[1]}"


def wait_until(what, condition, timeout_s):
    """Asks again and again; fails with `what` when the time is over."""
    end = time.monotonic() + timeout_s
    while not condition():
        if time.monotonic() > end:
            raise AssertionError(f"waited {timeout_s} s for {what}")
        time.sleep(0.1)


class TinyJob:
    """`arno run` on the data of write_data. It trains for so many steps, or until it is stopped."""

    def __init__(self, folder, name, peak_lr=1e-3, steps=1000000):
        self.name = name
        self.folder = folder
        self.address = free_address()
        self.log = folder / f"{name}.log"
        self.file = folder / f"{name}.yaml"
        self.file.write_text(
            JOB.format(name=name, folder=folder, peak_lr=peak_lr, steps=steps,
                       address=self.address),
            encoding="utf-8")
        with open(self.log, "wb") as log:
            self.process = subprocess.Popen([ARNO, "run", str(self.file)], stdout=log, stderr=log,
                                            env={**os.environ, "OMP_WAIT_POLICY": "passive"})

    def wait_until_served(self):
        wait_until(f"{self.address} of {self.name}", self.is_served, START_TIMEOUT_S)

    def is_served(self):
        if self.process.poll() is not None:
            raise AssertionError(f"{self.name} ended:\n{self.log.read_text()[-2000:]}")
        try:
            with urllib.request.urlopen(f"http://{self.address}/metrics", timeout=5) as reply:
                return reply.status == 200
        except (urllib.error.URLError, OSError):
            return False

    def order(self, verb, *words):
        """`arno VERB` on this job; fails unless that is carried out."""
        subprocess.run([ARNO, verb, str(self.folder / self.name), *words], check=True,
                       timeout=ORDER_TIMEOUT_S, stdout=subprocess.DEVNULL)

    def attach(self, patch):
        """Attaches what MORE_DECODERS or AN_EVALUATOR says."""
        file = self.folder / f"{self.name}-patch.yaml"
        file.write_text(patch.format(folder=self.folder), encoding="utf-8")
        self.order("attach", str(file))

    def interrupt(self):
        """As Ctrl-C: drains a job that runs, ends one that lingers."""
        self.process.send_signal(signal.SIGINT)

    def stop(self):
        """At once: a job that is asked lingers."""
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()


def stop(process):
    """Ends a process that this test started, with force only when asking does not help."""
    if process.poll() is None:
        process.send_signal(signal.SIGINT)
        try:
            process.wait(timeout=30)
        except subprocess.TimeoutExpired:
            process.kill()
    process.wait()
