# SPDX-License-Identifier: Apache-2.0
"""Serves the page with canned figures that move: one tick for each question for the state.

    python3 tests/page/fixture_server.py [PORT]      # to look at the page without a job
"""

import copy
import http.server
import json
import math
import os
import random
import sys
import threading
import urllib.parse

import drawings

HERE = os.path.dirname(os.path.abspath(__file__))
PAGE = os.path.join(HERE, "..", "..", "monitoring", "page")
SECURITY_POLICY = ("default-src 'none'; script-src 'self'; style-src 'self'; "
                   "img-src 'self' data:; connect-src 'self'")
TYPES = {".html": "text/html; charset=utf-8", ".css": "text/css", ".js": "text/javascript",
         ".svg": "image/svg+xml"}
HOSTILE = "<img src=x onerror=\"document.title='taken'\"><script>document.title='taken'</script>"
STEPS_PER_TICK = 6
EVALUATE_EVERY = 100
MAX_POINTS = 1000


def load(name):
    """The fixture `name`, with every "draw:..." replaced by that picture."""
    with open(os.path.join(HERE, "fixtures", name + ".json"), encoding="utf-8") as source:
        return json.load(source, object_hook=draw)


def draw(item):
    image = item.get("image", "")
    if image.startswith("draw:"):
        item["image"] = drawings.picture(image[5:])
    return item


class Job:
    """A job that never was: its replies to the API, and what a test makes happen to it."""

    def __init__(self):
        self.lock = threading.Lock()
        self.state = load("state")
        for actor in self.state["actors"]:
            for replica in actor["replicas"]:
                replica["node"] = self.state["node"]
        self.events = load("events")["events"]
        self.evaluation = load("evaluation")
        self.samples = load("samples")["samples"]
        self.tick = 0
        self.stride = 2
        self.rates = {}

    def reply(self, path, query):
        """The reply of /api/`path`, or None when there is no such path."""
        with self.lock:
            after = int(query.get("after", ["0"])[0])
            if path == "state":
                return self.next_state()
            if path == "history":
                return self.history(after)
            if path == "samples":
                return {"samples": self.samples}
            if path == "evaluation":
                return self.evaluation
            if path == "events":
                return {"events": [event for event in self.events if event["id"] > after]}
            return None

    def next_state(self):
        state = self.state
        if state["phase"] != "running":
            return state
        self.tick += 1
        state["now"] += 1
        for node in state["nodes"]:
            node["heard_at"] = state["now"]
        for actor in state["actors"]:
            base = self.rates.setdefault(actor["name"], actor["items_per_second"])
            shift(actor, base, self.tick)
        if state["training"]:
            training = state["training"]
            training["step"] += STEPS_PER_TICK
            training["images"] += STEPS_PER_TICK * 128
            training["loss"], training["floor"] = loss_at(training["step"])
            training["seconds_left"] -= 1
            training["images_per_second"] = throughput_at(training["step"])
        return state

    def history(self, after):
        last = self.state["training"]["step"] if self.state["training"] else 0
        while last // self.stride > MAX_POINTS:
            self.stride *= 2
        steps = [step for step in range(self.stride, last + 1, self.stride) if step > after]
        losses = [loss_at(step) for step in steps]
        return {
            "stride": self.stride, "step": steps,
            "loss": [value for value, _ in losses], "floor": [floor for _, floor in losses],
            "learning_rate": [1.5e-3 * min(1, step / 150) for step in steps],
            "images_per_second": [throughput_at(step) for step in steps],
            "grad_norm": [0.9 for _ in steps], "temperature": [14.2 for _ in steps],
            "evaluations": [{"step": step, "figures": scores_at(step)}
                            for step in range(EVALUATE_EVERY, last + 1, EVALUATE_EVERY)
                            if step > after],
        }

    def happen(self, kind, actor, text):
        """Adds an event."""
        with self.lock:
            last = self.events[-1]["id"] if self.events else 0
            self.events.append({"id": last + 1, "at": self.state["now"], "kind": kind,
                                "actor": actor, "text": text})

    def fail_item(self, text):
        """An actor skips an item after the fault `text`."""
        with self.lock:
            decode = next(a for a in self.state["actors"] if a["name"] == "decode")
            decode["replicas"][1]["errors"] += 1
            decode["replicas"][1]["skipped_items"] += 1
        self.happen("fault", "decode", f"skipped an item after: {text}")

    def attach(self):
        """A second decoder on another node joins; returns its name."""
        attached = load("attached")
        actor = attached["actor"]
        with self.lock:
            names = [other["name"] for other in self.state["actors"]]
            self.state["actors"].insert(names.index(attached["after"]) + 1, actor)
            self.state["edges"] += attached["edges"]
        self.happen("attach", actor["name"], f"joined from node {actor['node']}")
        return actor["name"]

    def join(self, name, address):
        """A node joins; the last decoder runs there."""
        with self.lock:
            state = self.state
            state["nodes"].append({
                "name": name, "address": address, "metrics": "", "has": {"cpu": 16, "gpu": 0},
                "taken": {"cpu": 1}, "heard_at": state["now"], "lost_at": None, "why_lost": ""})
            decode = next(actor for actor in state["actors"] if actor["name"] == "decode")
            decode["replicas"][-1]["node"] = name

    def lose(self, name, why):
        """The node `name` is lost."""
        with self.lock:
            node = next(node for node in self.state["nodes"] if node["name"] == name)
            node.update(lost_at=self.state["now"], why_lost=why, taken={})

    def detach(self, name):
        """The actor `name` leaves with its edges."""
        with self.lock:
            state = self.state
            state["actors"] = [actor for actor in state["actors"] if actor["name"] != name]
            state["edges"] = [edge for edge in state["edges"]
                              if name not in (edge["from"], edge["to"])]
        self.happen("detach", name, "left")

    def stall(self, edge_name):
        """The edge fills up and nothing passes any more."""
        with self.lock:
            edge = next(e for e in self.state["edges"] if e["name"] == edge_name)
            edge["in_flight_items"] = edge["capacity_items"]
            edge["items_per_second"] = 0

    def end(self, phase, error=""):
        """The job ends in `phase`."""
        with self.lock:
            self.state["phase"] = phase
            self.state["error"] = error
            self.state["bottleneck"] = {"actor": "", "edge": "", "text": ""}
        self.happen("end", "", error or phase)

    def poison(self):
        """Every text of the data set becomes HTML that would run if it were taken as such."""
        with self.lock:
            self.samples = copy.deepcopy(self.samples)
            for sample in self.samples:
                sample["slot"] += 1
                sample["text"] = sample["template"] = sample["source"] = HOSTILE
            self.samples[0]["image"] = "javascript:document.title='taken'"
            self.evaluation["at"] += 1
            for task in self.evaluation["tasks"]:
                for item in task.get("classes", []):
                    item["name"] = HOSTILE
                for example in task.get("examples", []):
                    example["query"] = HOSTILE
        self.fail_item(HOSTILE)

    def make_new(self):
        """The job is one that has not taken a step."""
        with self.lock:
            self.state.update(phase="starting", training=None, checkpoint=None)
            self.evaluation, self.samples, self.events = None, [], []

    def restart(self):
        """The job begins anew on the same port."""
        with self.lock:
            self.state["started_at"] += 1000
            self.state["now"] += 1000
            self.state["training"]["step"] = 60
            self.stride = 1
            self.events = [{"id": 1, "at": self.state["now"], "kind": "start", "actor": "",
                            "text": "started again"}]


def shift(actor, base, tick):
    """Lets the rate of `actor` sway by a few per cent of `base`."""
    sway = 1 + 0.03 * math.sin(0.9 * tick + len(actor["name"]))
    actor["items_per_second"] = base * sway
    for replica in actor["replicas"]:
        replica["items_per_second"] = base * sway / len(actor["replicas"])
        replica["items"] += round(base * sway / len(actor["replicas"]))


def loss_at(step):
    noise = random.Random(step).gauss(0, 1)
    floor = 2.15 + 0.12 * random.Random(-step).gauss(0, 1)
    return floor + 0.45 + 2.9 * math.exp(-step / 420) + 0.14 * noise, floor


def throughput_at(step):
    warm = 1 - math.exp(-step / 40)
    pause = 0.82 if step % 500 < 12 else 1
    return (704 + 9 * random.Random(step).gauss(0, 1)) * warm * pause


def scores_at(step):
    def rising(top, pace):
        return top * (1 - math.exp(-step / pace)) + 0.01 * random.Random(step).gauss(0, 1)
    return {"emoji/i2t@1": rising(.08, 900), "emoji/i2t@10": rising(.42, 900),
            "emoji/t2i@1": rising(.07, 950), "emoji/t2i@10": rising(.40, 950),
            "fashion/mean_per_class": rising(.84, 380), "fashion/top1": rising(.85, 400)}


class FixtureServer:
    """A server for the page and one `job`, on a free port of 127.0.0.1 or on `port`."""

    def __init__(self, job, port=0):
        self.job = job
        self.port = port
        self.open()

    @property
    def address(self):
        return f"http://127.0.0.1:{self.port}/"

    def open(self):
        """Serves, at the same port as before."""
        self.http = http.server.ThreadingHTTPServer(("127.0.0.1", self.port), Handler)
        self.http.job = self.job
        self.port = self.http.server_port
        self.thread = threading.Thread(target=self.http.serve_forever, args=(0.05,), daemon=True)
        self.thread.start()

    def close(self):
        """Stops serving; the port is refused from then on."""
        self.http.shutdown()
        self.http.server_close()
        self.thread.join()


class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        parts = urllib.parse.urlsplit(self.path)
        if parts.path.startswith("/api/"):
            query = urllib.parse.parse_qs(parts.query)
            reply = self.server.job.reply(parts.path[5:], query)
            body = json.dumps(reply).encode()
            self.answer(200, "application/json", body)
            return
        name = "index.html" if parts.path == "/" else parts.path.removeprefix("/page/")
        path = os.path.join(PAGE, os.path.basename(name))
        if not os.path.isfile(path):
            self.answer(404, "text/plain", b"not found")
            return
        with open(path, "rb") as source:
            self.answer(200, TYPES[os.path.splitext(path)[1]], source.read())

    def answer(self, status, content_type, body):
        self.send_response(status)
        self.send_header("Content-Type", content_type)
        self.send_header("Content-Length", str(len(body)))
        self.send_header("Cache-Control", "no-store")
        self.send_header("Content-Security-Policy", SECURITY_POLICY)
        self.send_header("X-Content-Type-Options", "nosniff")
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


if __name__ == "__main__":
    server = FixtureServer(Job(), int(sys.argv[1]) if len(sys.argv) > 1 else 0)
    print(server.address, flush=True)
    server.thread.join()
