"""A discrete-event model of training steps: replicas, pipelines, their links.

Processes are generators that yield what they wait for: an Event. Time is in seconds and passes only
when nobody can go on.
"""

import heapq
import itertools


class Event:
    """Something that happens once."""

    def __init__(self):
        self.happened = False
        self.waiting = []


class Simulation:
    def __init__(self):
        self.now = 0.0
        self._timers = []
        self._number = itertools.count()

    def at(self, time, call):
        timer = [time, next(self._number), call]
        heapq.heappush(self._timers, timer)
        return timer

    @staticmethod
    def cancel(timer):
        timer[2] = None

    def happen(self, event):
        event.happened = True
        waiting, event.waiting = event.waiting, []
        for process in waiting:
            self._go_on(process)

    def after(self, seconds):
        event = Event()
        self.at(self.now + seconds, lambda: self.happen(event))
        return event

    def start(self, process):
        """Returns the event of its end."""
        end = Event()

        def with_end():
            yield from process
            self.happen(end)

        self._go_on(with_end())
        return end

    def _go_on(self, process):
        for event in process:
            if not event.happened:
                event.waiting.append(process)
                return

    def run(self):
        while self._timers:
            time, _, call = heapq.heappop(self._timers)
            if call:
                self.now = time
                call()
        return self.now


class Host:
    """Cores that all work shares equally. `slowdown`: how much longer work takes on each core when
    more than one computes (they share memory and caches)."""

    def __init__(self, simulation, cores=1, slowdown=1.0):
        self._simulation = simulation
        self._cores = cores
        self._slowdown = slowdown
        self._left = {}  # event -> seconds of a core alone
        self._since = 0.0
        self._timer = None

    def work(self, seconds):
        event = Event()
        self._advance()
        self._left[event] = max(seconds, 0.0)
        self._plan()
        return event

    def _rate(self):
        active = len(self._left)
        return min(1.0, self._cores / active) / (self._slowdown if active > 1 else 1.0)

    def _advance(self):
        if self._left:
            done = (self._simulation.now - self._since) * self._rate()
            for event in self._left:
                self._left[event] -= done
        self._since = self._simulation.now

    def _plan(self):
        if self._timer:
            self._simulation.cancel(self._timer)
            self._timer = None
        if self._left:
            soonest = max(0.0, min(self._left.values())) / self._rate()
            self._timer = self._simulation.at(self._simulation.now + soonest, self._finish)

    def _finish(self):
        self._timer = None
        self._advance()
        done = [event for event, left in self._left.items() if left <= 1e-12]
        for event in done:
            del self._left[event]
        self._plan()
        for event in done:
            self._simulation.happen(event)


class Collective:
    """Calls of a group, one after the other: a call is over when every rank has made it and has
    done its part. `part(rank, bytes)` gives the event of a rank's part."""

    def __init__(self, simulation, ranks, part):
        self._simulation = simulation
        self._ranks = ranks
        self._part = part
        self._calls = []
        self._made = [0] * ranks
        simulation.start(self._serve())

    def call(self, rank, size):
        number = self._made[rank]
        self._made[rank] += 1
        call = self._slot(number)
        call.come += 1
        call.size = size
        if call.come == self._ranks:
            self._simulation.happen(call.all_here)
        return call.end

    class _Call:
        def __init__(self):
            self.come = 0
            self.size = 0
            self.all_here = Event()
            self.end = Event()

    def _slot(self, number):
        while len(self._calls) <= number:
            self._calls.append(self._Call())
        return self._calls[number]

    def _serve(self):
        for number in itertools.count():
            call = self._slot(number)
            yield call.all_here
            for part in [self._part(rank, call.size) for rank in range(self._ranks)]:
                yield part
            self._simulation.happen(call.end)


def replica(simulation, host, rank, group, gather, parts, steps):
    """A data-parallel replica: gradients are summed in buckets while backward goes on."""
    for _ in range(steps):
        yield host.work(parts["forward_s"])
        yield gather.call(rank, parts.get("feature_bytes", 0))
        yield host.work(parts["loss_s"])
        sums = []
        at = 0.0
        for ready, size in parts["buckets"]:
            yield host.work(ready - at)
            at = ready
            sums.append(group.call(rank, size))
        yield host.work(parts["backward_s"] - at)
        for done in sums:
            yield done
        yield host.work(parts["optimizer_s"])


def pipeline_stage(simulation, host, stage, boxes, parts, transfer):
    """One step of a stage of a pipeline under GradCache: every micro-batch forward without a tape,
    the loss, then each once more with a tape, one backward for each forward (1F1B). `boxes`:
    events by (what, stage, micro-batch); `transfer()`: the event of a message to a neighbour."""
    stages, count = parts["stages"], parts["micro_batches"]
    forward, backward = parts["forward_s"] / stages, parts["backward_s"] / stages

    def send(key):
        def deliver():
            yield transfer()
            simulation.happen(boxes[key])
        simulation.start(deliver())

    for m in range(count):
        if stage > 0:
            yield boxes["features", stage, m]
        yield host.work(forward / count)
        if stage + 1 < stages:
            send(("features", stage + 1, m))
    if stage + 1 == stages:
        yield host.work(parts["loss_s"])
    held = min(count, stages - stage)  # taped micro-batches at once
    order = [("forward", m) for m in range(held)]
    for m in range(count):
        order.append(("backward", m))
        if m + held < count:
            order.append(("forward", m + held))
    for what, m in order:
        if what == "forward":
            if stage > 0:
                yield boxes["taped", stage, m]
            yield host.work(forward / count)
            if stage + 1 < stages:
                send(("taped", stage + 1, m))
        else:
            if stage + 1 < stages:
                yield boxes["gradient", stage, m]
            yield host.work(backward / count)
            if stage > 0:
                send(("gradient", stage - 1, m))
    yield host.work(parts["optimizer_s"] / stages)
