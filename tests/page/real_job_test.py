# SPDX-License-Identifier: Apache-2.0
"""Looks at the page of real jobs in headless Chromium.

    ARNO_BINARY=build/release/cli/arno /usr/bin/python3 tests/page/real_job_test.py

Screenshots are kept in $ARNO_ARTIFACTS, build/artifacts when that is not set.
"""

import re
import socket
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

import browser

sys.path.append(str(Path(__file__).resolve().parents[1] / "prometheus"))
from tiny_job import (AN_EVALUATOR, ARNO, MORE_DECODERS, TinyJob, class_names,  # noqa: E402
                      write_data)

NARROW = 390
WIDE = 1440
WAIT_S = 60
SHORT_STEPS = 60
INTERRUPTED = 130


def plan_of(job):
    """Names of the actors and edges of `arno check`'s plan."""
    text = subprocess.run([ARNO, "check", str(job.file)], check=True, capture_output=True,
                          text=True).stdout
    actors, edges = text.split("\nactors:\n")[1].split("\nedges:\n")
    return (re.findall(r"^  (\w+):$", actors, re.MULTILINE),
            ["->".join(ends) for ends in re.findall(r"{from: ([\w.]+), to: ([\w.]+),", edges)])


class RealJobTest(unittest.TestCase):
    """A browser, data, and jobs on them."""

    @classmethod
    def setUpClass(cls):
        cls.driver = browser.open_browser()
        cls.addClassCleanup(cls.driver.quit)
        folder = tempfile.TemporaryDirectory()
        cls.addClassCleanup(folder.cleanup)
        cls.folder = Path(folder.name)
        write_data(cls.folder)

    @classmethod
    def start(cls, name, **settings):
        """A job that is served, and its page."""
        job = TinyJob(cls.folder, name, **settings)
        cls.addClassCleanup(job.stop)
        job.wait_until_served()
        return job, browser.PageUnderTest(cls.driver, f"http://{job.address}/")

    def wait(self, holds, message):
        self.page.wait(holds, message, WAIT_S)

    def wait_for_all_panels(self):
        for selector in ("#loss-chart [data-series]", "#throughput-chart [data-series]",
                         "#scores-chart [data-series]", ".sample", ".task",
                         "#events [data-kind='checkpoint']"):
            self.wait(lambda: self.page.all(selector), f"{selector} never came")

    def check_quiet(self):
        """Nothing was complained of, and nobody but the job was asked."""
        self.assertEqual(self.page.console_errors(), [])
        foreign, asked = self.page.foreign_requests()
        self.assertEqual(foreign, [])
        self.assertGreater(asked, 10, "the log of requests is not complete")

    def loaded_images(self, selector):
        """How many images that match were decoded by the browser."""
        return self.page.script("return [...document.querySelectorAll(arguments[0])]"
                                ".filter(image => image.naturalWidth > 0).length", selector)


class RunningJobTest(RealJobTest):
    """A job that trains until the tests are over."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.job, cls.page = cls.start("tiny")

    def tearDown(self):
        self.assertIsNone(self.job.process.poll(), "the job ended")

    def test_shows_every_actor_and_edge_of_the_plan(self):
        actors, edges = plan_of(self.job)
        self.assertGreaterEqual(len(actors), 10)
        self.assertGreaterEqual(len(edges), 12)
        for width in (WIDE, NARROW):
            with self.subTest(width=width):
                self.page.open(width)
                self.assertEqual(self.page.actors(), actors)
                self.wait(lambda: sorted(self.page.edges()) == sorted(edges), "edges are missing")
                self.assertEqual(self.page.overflowing(), [])
                self.assertEqual(self.page.overlapping(), [])
                self.check_quiet()

    def test_figures_and_curves_move(self):
        self.page.open()
        self.wait_for_all_panels()
        self.wait(lambda: "running" in self.page.text("#phase"), "it does not run")
        rate = self.page.actor_text("decode", "rate")
        step = self.page.text("#figure-step")
        last = self.page.shown_points()[1]
        curves = {chart: self.page.curve(chart) for chart in ("loss", "throughput", "scores")}
        self.wait(lambda: self.page.text("#figure-step") != step, "the step stands")
        self.wait(lambda: self.page.actor_text("decode", "rate") != rate, "the rate stands")
        self.wait(lambda: self.page.shown_points()[1] > last, "no point comes")
        for chart, path in curves.items():
            self.wait(lambda: self.page.curve(chart) != path, f"the curve of {chart} stands")
        self.wait(lambda: any(name in self.page.text("#bottleneck") for name in self.page.actors()),
                  "no word of the bottleneck")
        self.check_quiet()

    def test_shows_samples_as_the_model_sees_them(self):
        self.page.open()
        self.wait(lambda: self.loaded_images(".sample img") > 2, "too few samples")
        texts = [node.text for node in self.page.all(".sample .text")]
        for text in texts:
            self.assertRegex(text, r"thing\d|a striped square with number \d+ on it")
        self.wait(lambda: "template “" in self.page.text("#samples"), "no template")
        self.check_quiet()

    def test_shows_the_latest_evaluation(self):
        self.page.open()
        self.wait(lambda: len(self.page.all(".task")) == 2, "no evaluation")
        shown = self.page.text('[data-task="things"] .best-worst')
        for name in class_names():
            self.assertIn(name, shown)
        hits = '[data-task="tiny"] .hit img'
        self.assertGreaterEqual(len(self.page.all(hits)), 5)
        self.wait(lambda: self.loaded_images(hits) == len(self.page.all(hits)),
                  "images of the retrieval cannot be shown")
        before = self.page.text("#evaluation-when")
        self.wait(lambda: self.page.text("#evaluation-when") != before, "it stays the latest")
        self.check_quiet()

    def test_a_fault_appears(self):
        """Without its templates the evaluator fails until they are back; then it goes on."""
        templates, away = self.folder / "templates.txt", self.folder / "away.txt"
        self.page.open()
        self.wait(lambda: self.page.all(".task"), "no evaluation")
        self.assertNotIn("has-errors", self.page.actor_classes("evaluate"))
        templates.rename(away)
        try:
            self.wait(lambda: self.page.events("fault"), "no event of the fault")
        finally:
            away.rename(templates)
        self.assertIn("evaluate: restarted after: ", self.page.events("fault")[0])
        self.assertIn("templates.txt", self.page.events("fault")[0])
        self.wait(lambda: "has-errors" in self.page.actor_classes("evaluate"),
                  "the actor shows no fault")
        self.assertRegex(self.page.actor_text("evaluate", "tag"), r"▲ \d+ error")
        self.assertNotIn("has-errors", self.page.actor_classes("model"))
        when = self.page.text("#evaluation-when")
        self.wait(lambda: self.page.text("#evaluation-when") != when, "it never evaluates again")
        self.page.screenshot("real-fault")
        self.check_quiet()

    def test_is_pleasant_to_look_at(self):
        for width in (WIDE, NARROW):
            for dark in (False, True):
                scheme = "dark" if dark else "light"
                with self.subTest(width=width, scheme=scheme):
                    self.page.open(width, dark=dark)
                    self.wait_for_all_panels()
                    self.assertLessEqual(self.page.sideways(), 0)
                    self.page.screenshot(f"real-{width}-{scheme}")
                    self.check_quiet()

    def test_the_policy_keeps_requests_on_the_machine(self):
        self.page.open()
        with socket.create_server(("127.0.0.1", 0)) as other:
            other.setblocking(False)
            address = f"http://127.0.0.1:{other.getsockname()[1]}/picture.png"
            self.assertTrue(self.page.foreign_image_is_blocked(address))
            with self.assertRaises(BlockingIOError):
                other.accept()


class ChangedJobTest(RealJobTest):
    """A job that is changed while it runs."""

    EDGE = "model.evaluations->judge.snapshots"

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.job, cls.page = cls.start("changed")

    def wait_for_event(self, kind, text):
        self.wait(lambda: any(text in event for event in self.page.events(kind)),
                  f"no event of the {kind}: {text}")

    def check_picture(self, name):
        """Nothing lies on something else, in any window; a picture of each is kept."""
        for width in (WIDE, NARROW):
            for dark in (False, True):
                with self.subTest(width=width, dark=dark):
                    self.page.emulate(width, 1000, dark)
                    self.wait(lambda: self.page.overlapping() == [], "boxes overlap")
                    self.assertEqual(self.page.overflowing(), [])
                    self.assertLessEqual(self.page.sideways(), 0)
                    self.page.screenshot(f"real-{name}-{width}-{'dark' if dark else 'light'}")

    def test_what_joins_and_leaves_is_followed(self):
        self.page.open()
        self.wait_for_all_panels()
        actors, edges = self.page.actors(), sorted(self.page.edges())
        corners = self.page.corners()
        self.assertEqual(corners["loss"][1], corners["model"][1], "the loop is not in one row")
        self.assertEqual(self.page.actor_text("decode", "replicas"), "×2")

        self.job.attach(MORE_DECODERS)
        self.wait(lambda: self.page.actor_text("decode", "replicas") == "×3", "no third decoder")
        self.wait_for_event("attach", "decode[2]: joins the job")
        self.job.attach(AN_EVALUATOR)
        self.wait(lambda: "judge" in self.page.actors(), "its box never came")
        self.wait(lambda: self.EDGE in self.page.edges(), "its edge never came")
        self.wait_for_event("attach", "judge: joins the job")
        self.assertIn("new", self.page.actor_classes("judge"))
        self.assertEqual(sorted(self.page.actors()), sorted([*actors, "judge"]))
        self.assertEqual(sorted(self.page.edges()), sorted([*edges, self.EDGE]))
        self.assertEqual({**self.page.corners(), **corners}, self.page.corners(), "boxes moved")
        for task in ("again", "tiny", "things"):
            self.wait(lambda: self.page.all(f'[data-task="{task}"]'), f"{task} was not evaluated")
        self.check_picture("attached")
        step = self.page.text("#figure-step")
        self.wait(lambda: self.page.text("#figure-step") != step, "the job stands")

        self.job.order("detach", "judge")
        self.wait(lambda: "judge" not in self.page.actors(), "its box stays")
        self.wait_for_event("detach", "judge: leaves when it is through")
        self.job.order("detach", "decode[2]")
        self.wait(lambda: self.page.actor_text("decode", "replicas") == "×2", "it has not left")
        self.assertEqual(self.page.actors(), actors)
        self.assertEqual(sorted(self.page.edges()), edges)
        self.check_picture("detached")
        self.check_quiet()


class EndedJobTest(RealJobTest):
    """Jobs that come to their end."""

    def test_says_that_the_job_has_completed_and_then_that_it_is_gone(self):
        job, self.page = self.start("short", steps=SHORT_STEPS)
        self.page.open()
        self.wait(lambda: "completed" in self.page.text("#phase"), "the phase does not end")
        self.wait(lambda: self.page.events("end"), "no event of the end")
        self.wait_for_all_panels()
        self.assertEqual(self.page.text("#figure-step"), f"{SHORT_STEPS} / {SHORT_STEPS}")
        self.assertEqual(self.page.text("#bottleneck"), "")
        self.assertEqual(self.page.banner(), "")
        self.check_quiet()
        self.page.screenshot("real-completed")
        job.interrupt()
        self.assertEqual(job.process.wait(WAIT_S), 0)
        self.wait(lambda: "has ended (completed) and its server is closed" in self.page.banner(),
                  "no word of the closed server")
        self.assertEqual(self.page.actors(), plan_of(job)[0])
        self.page.screenshot("real-closed")

    def test_says_that_a_stopped_job_is_drained(self):
        job, self.page = self.start("stopped")
        self.page.open()
        self.wait(lambda: "running" in self.page.text("#phase"), "it does not run")
        job.interrupt()
        self.wait(lambda: "drained" in self.page.text("#phase"), "the phase does not end")
        self.wait(lambda: self.page.events("drain"), "no event of the drain")
        job.interrupt()
        self.assertEqual(job.process.wait(WAIT_S), INTERRUPTED)
        self.wait(lambda: "has ended (drained)" in self.page.banner(), "no word of the end")


if __name__ == "__main__":
    unittest.main(verbosity=2)
