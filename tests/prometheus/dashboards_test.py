#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Runs every query of the dashboards and every rule against a Prometheus that scrapes real jobs.

    ARNO_BINARY=build/release/cli/arno tests/prometheus/dashboards_test.py

Two jobs run: one trains, one has a learning rate with which its loss cannot stay finite, so that
there are errors to show.
"""

import json
import math
import os
import re
import subprocess
import tempfile
import unittest
import urllib.error
import urllib.parse
import urllib.request
from pathlib import Path

from tiny_job import TinyJob, free_address, stop, wait_until, write_data

ROOT = Path(__file__).resolve().parents[2]
DASHBOARDS = sorted((ROOT / "monitoring/grafana/dashboards").glob("*.json"))
TRAINING, DIVERGING = "tiny", "diverging"
# Nothing but a failed actor has this.
ONLY_AFTER_ERRORS = "arno_actor_errors_total"
TIMEOUT_S = 120
UNAVAILABLE = 503
INTERRUPTED = 130
COLUMNS = 24


def substituted(expression, job):
    """As Grafana would ask for one job and all of its nodes."""
    for name, value in (("$__rate_interval", "15s"), ("$job", job), ("$node", ".*")):
        expression = expression.replace(name, value)
    return expression


def panels_of(dashboard):
    return [panel for panel in dashboard["panels"] if panel["type"] != "row"]


def dashboards():
    return [(path.name, json.loads(path.read_text(encoding="utf-8"))) for path in DASHBOARDS]


def queries():
    """Pairs of a name and an expression, one for every query of every panel."""
    for name, dashboard in dashboards():
        for panel in panels_of(dashboard):
            for target in panel["targets"]:
                job = DIVERGING if ONLY_AFTER_ERRORS in target["expr"] else TRAINING
                yield (f"{name}, panel \"{panel['title']}\", query {target['refId']}",
                       substituted(target["expr"], job))


def variables():
    """(name, series, label) of every template variable that is asked of Prometheus."""
    for name, dashboard in dashboards():
        for variable in dashboard["templating"]["list"]:
            if variable["type"] == "query":
                text = substituted(variable["query"]["query"], TRAINING)
                series, label = re.fullmatch(r"label_values\((.*), (\w+)\)", text).groups()
                yield f"{name}, variable {variable['name']}", series, label


class Prometheus:
    """`scripts/monitor.sh`, which runs the configuration of monitoring/prometheus."""

    def __init__(self, folder, jobs):
        self.jobs = len(jobs)
        address = free_address()
        self.url = f"http://{address}"
        self.log = folder / "monitor.log"
        with open(self.log, "wb") as log:
            self.process = subprocess.Popen(
                [str(ROOT / "scripts/monitor.sh"), *(job.address for job in jobs)],
                stdout=log, stderr=log,
                env={**os.environ, "PROMETHEUS_LISTEN": address, "SCRAPE_INTERVAL": "1s",
                     "TMPDIR": str(folder)})

    def get(self, path, **arguments):
        url = f"{self.url}/api/v1/{path}?{urllib.parse.urlencode(arguments)}"
        try:
            with urllib.request.urlopen(url, timeout=10) as reply:
                return json.load(reply)["data"]
        except urllib.error.HTTPError as error:
            if error.code == UNAVAILABLE:
                raise
            raise AssertionError(f"{arguments}: {error.read().decode()}") from error

    def query(self, expression):
        """(labels, value) of each series that the expression gives now."""
        result = self.get("query", query=expression)["result"]
        return [(series["metric"], float(series["value"][1])) for series in result]

    def answers(self, expression):
        return any(not math.isnan(value) for _, value in self.query(expression))

    def is_ready(self):
        """Whether it has scraped every job."""
        if self.process.poll() is not None:
            raise AssertionError(f"Prometheus ended:\n{self.log.read_text()}")
        try:
            targets = self.get("targets")["activeTargets"]
            return [target["health"] for target in targets] == ["up"] * self.jobs
        except (urllib.error.URLError, OSError):
            return False

    def stop(self):
        stop(self.process)


class DashboardsTest(unittest.TestCase):
    """What a person sees who opens the dashboards on a real job."""

    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.TemporaryDirectory()
        cls.addClassCleanup(cls.folder.cleanup)
        folder = Path(cls.folder.name)
        write_data(folder)
        jobs = []
        for name, peak_lr in ((TRAINING, 1e-3), (DIVERGING, 1e30)):
            jobs.append(TinyJob(folder, name, peak_lr))
            cls.addClassCleanup(jobs[-1].stop)
        for job in jobs:
            job.wait_until_served()
        cls.prometheus = Prometheus(folder, jobs)
        cls.addClassCleanup(cls.prometheus.stop)
        wait_until("Prometheus to scrape the jobs", cls.prometheus.is_ready, TIMEOUT_S)

    def expect_answers(self, expressions):
        """Each of the pairs (name, expression) has an answer in the end."""
        waiting = dict(expressions)
        self.assertTrue(waiting)

        def all_answer():
            for name in [name for name, query in waiting.items() if self.prometheus.answers(query)]:
                del waiting[name]
            return not waiting

        try:
            wait_until("answers", all_answer, TIMEOUT_S)
        except AssertionError:
            for name, expression in waiting.items():
                with self.subTest(name):
                    self.fail(f"no answer to {expression}")

    def test_every_query_has_an_answer(self):
        self.expect_answers(queries())

    def test_every_variable_has_a_value(self):
        for name, series, label in variables():
            with self.subTest(name):
                found = [labels for labels, _ in self.prometheus.query(series)]
                self.assertTrue(any(labels.get(label) for labels in found), found)

    def test_every_recording_rule_records(self):
        rules = [rule for group in self.prometheus.get("rules")["groups"]
                 for rule in group["rules"] if rule["type"] == "recording"]
        names = [rule["name"] for rule in rules]
        self.expect_answers((name, f'{name}{{job="{TRAINING}"}}') for name in names)

    def test_a_loss_that_is_not_finite_raises_the_alert(self):
        alert = 'ALERTS{alertname="ArnoLossNotFinite", alertstate="firing", job="%s"}'
        self.expect_answers([("the alert", alert % DIVERGING)])
        self.assertFalse(self.prometheus.query(alert % TRAINING))


class MonitorTest(unittest.TestCase):
    """`scripts/monitor.sh` on its own."""

    def test_it_leaves_nothing_behind(self):
        with tempfile.TemporaryDirectory() as folder:
            prometheus = Prometheus(Path(folder), jobs=[])
            self.addCleanup(prometheus.stop)
            wait_until("Prometheus", prometheus.is_ready, TIMEOUT_S)
            self.assertEqual(len(os.listdir(folder)), 2, "the log and a folder for the data")

            prometheus.stop()

            self.assertEqual(prometheus.process.returncode, INTERRUPTED)
            self.assertEqual(os.listdir(folder), [prometheus.log.name])
            with self.assertRaises(urllib.error.URLError):
                prometheus.get("targets")

    def test_an_address_without_a_port_is_refused(self):
        done = subprocess.run([str(ROOT / "scripts/monitor.sh"), "localhost"], capture_output=True,
                              text=True, check=False)
        self.assertEqual(done.returncode, 1)
        self.assertIn('monitor: found job address "localhost", expected host:port', done.stderr)


class LayoutTest(unittest.TestCase):
    """What Grafana does not forgive, or a reader would miss."""

    def test_panels_are_complete(self):
        for name, dashboard in dashboards():
            for panel in panels_of(dashboard):
                with self.subTest(f"{name}, panel \"{panel['title']}\""):
                    self.assertEqual(panel["datasource"]["uid"], "${datasource}")
                    self.assertTrue(panel["description"])
                    self.assertTrue(panel["fieldConfig"]["defaults"]["unit"])
                    self.assertTrue(all(target["legendFormat"] for target in panel["targets"]))

    def test_names_are_unique(self):
        uids = [dashboard["uid"] for _, dashboard in dashboards()]
        self.assertEqual(len(uids), len(set(uids)))
        for name, dashboard in dashboards():
            ids = [panel["id"] for panel in dashboard["panels"]]
            self.assertEqual(len(ids), len(set(ids)), name)

    def test_panels_do_not_overlap(self):
        for name, dashboard in dashboards():
            taken = set()
            for panel in dashboard["panels"]:
                at = panel["gridPos"]
                cells = {(at["x"] + x, at["y"] + y) for x in range(at["w"]) for y in range(at["h"])}
                self.assertLessEqual(at["x"] + at["w"], COLUMNS, name)
                self.assertFalse(cells & taken, f"{name}, panel \"{panel['title']}\"")
                taken |= cells


if __name__ == "__main__":
    unittest.main()
