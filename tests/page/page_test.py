# SPDX-License-Identifier: Apache-2.0
"""Looks at the page of a canned job in headless Chromium.

    python3 tests/page/page_test.py

Screenshots are kept in $ARNO_ARTIFACTS, build/artifacts when that is not set.
"""

import unittest

import browser
import fixture_server
from selenium.webdriver.common.keys import Keys

ACTORS = ["read", "decode", "augment", "prompt", "tokenize", "batch", "model", "loss", "save",
          "evaluate"]
EDGES = 12
NARROW = 390
WIDE = 1440


class PageTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.driver = browser.open_browser()
        cls.addClassCleanup(cls.driver.quit)

    def setUp(self):
        self.job = fixture_server.Job()
        self.server = fixture_server.FixtureServer(self.job)
        self.serving = True
        self.addCleanup(lambda: self.serving and self.server.close())
        self.page = browser.PageUnderTest(self.driver, self.server.address)

    def close_server(self):
        self.serving = False
        self.server.close()

    def open_server(self):
        self.server.open()
        self.serving = True

    def open_filled(self, width=WIDE, dark=False):
        """Opens the page and waits until every panel has something to show."""
        self.page.open(width, dark=dark)
        for selector in ("#loss-chart [data-series]", "#scores-chart [data-series]", ".sample",
                         ".task", "#events [data-kind]"):
            self.page.wait(lambda: self.page.all(selector), f"{selector} never came")

    def check_quiet(self):
        """Nothing was complained of, and nobody else was asked."""
        self.assertEqual(self.page.console_errors(), [])
        foreign, asked = self.page.foreign_requests()
        self.assertEqual(foreign, [])
        self.assertGreater(asked, 10, "the log of requests is not complete")

    def test_shows_every_actor_and_edge(self):
        for width in (1920, WIDE, 1280, 1000, NARROW, 320):
            with self.subTest(width=width):
                self.page.open(width)
                self.assertEqual(self.page.actors(), ACTORS)
                self.page.wait(lambda: len(self.page.edges()) == EDGES, "edges are missing")
                self.assertEqual(self.page.overflowing(), [])
                self.assertEqual(self.page.overlapping(), [])
                self.assertLessEqual(self.page.sideways(), 0)
        self.assertIn("×2", self.page.actor_text("decode", "replicas"))
        self.assertEqual(self.page.actor_text("decode", "share"), "77 % blocked")
        self.assertIn("128/128", self.page.edge_words("read.samples->decode.samples"))

    def test_every_panel_is_filled_and_quiet(self):
        for width in (WIDE, NARROW):
            for dark in (False, True):
                scheme = "dark" if dark else "light"
                with self.subTest(width=width, scheme=scheme):
                    self.open_filled(width, dark)
                    self.assertLessEqual(self.page.sideways(), 0)
                    self.page.screenshot(f"{width}-{scheme}")
                    self.check_quiet()
        self.assertEqual(len(self.page.all(".sample img[src^='data:image/png']")), 12)
        self.assertEqual(len(self.page.all(".task")), 2)
        self.assertIn("trouser", self.page.text(".best-worst > :first-child"))
        self.assertIn("shirt", self.page.text(".best-worst > :last-child"))
        self.assertEqual(len(self.page.all(".hit.right")), 2)
        self.assertIn("model holds the job back", self.page.text("#bottleneck"))
        self.assertIn("is-bottleneck", self.page.actor_classes("model"))

    def test_nodes_are_shown_where_there_are_several(self):
        self.open_filled()
        panel = self.page.all("#nodes-panel")[0]
        self.assertFalse(panel.is_displayed())
        self.job.join("alpha", "10.0.0.2:7101")
        self.job.join("beta", "10.0.0.3:7101")
        self.page.wait(lambda: len(self.page.rows("#nodes")) == 3, "the nodes never came")
        self.assertTrue(panel.is_displayed())
        self.assertEqual(self.page.rows("#nodes")[1],
                         ["alpha", "10.0.0.2:7101", "alive", "cpu 1 of 16, gpu 0 of 0", "–"])
        self.assertEqual(self.page.rows("#nodes")[2][4], "decode")
        self.job.lose("beta", "its process is gone or silent")
        self.page.wait(lambda: self.page.all("#nodes [data-state='lost']"), "it was never lost")
        self.assertRegex(self.page.rows("#nodes")[2][2],
                         r"^lost at \d\d:\d\d:\d\d: its process is gone or silent$")
        for width in (WIDE, NARROW):
            self.page.emulate(width, 1000)
            self.assertLessEqual(self.page.sideways(), 0)
            self.page.screenshot(f"nodes-{width}")
        self.check_quiet()

    def test_figures_and_curves_move(self):
        self.open_filled()
        rate = self.page.actor_text("decode", "rate")
        step = self.page.text("#figure-step")
        curves = {chart: self.page.curve(chart) for chart in ("loss", "throughput", "scores")}
        self.page.wait(lambda: self.page.actor_text("decode", "rate") != rate, "the rate stands")
        self.page.wait(lambda: self.page.text("#figure-step") != step, "the step stands")
        for chart, path in curves.items():
            self.page.wait(lambda: self.page.curve(chart) != path, f"the curve of {chart} stands")
        self.check_quiet()

    def test_thinned_history_is_fetched_anew(self):
        self.job.state["training"]["step"] = 1980
        self.open_filled()
        self.assertEqual(self.page.shown_points()[0], 2)
        self.page.wait(lambda: self.page.shown_points()[0] == 4, "points of the old stride stay")

    def test_a_fault_and_an_attached_actor_appear(self):
        self.open_filled()
        self.job.fail_item("[decode] fashion/7: found no image")
        name = self.job.attach()
        self.page.wait(lambda: name in self.page.actors(), "the actor never came")
        self.page.wait(lambda: len(self.page.edges()) == EDGES + 2, "its edges never came")
        self.assertIn("new", self.page.actor_classes(name))
        self.assertNotIn("new", self.page.actor_classes("decode"))
        self.assertEqual(self.page.overlapping(), [])
        self.page.wait(lambda: any("fashion/7" in text for text in self.page.events("fault")),
                       "the fault never came")
        self.page.wait(lambda: self.page.events("attach"), "no event of the attach")
        self.page.screenshot("attached-wide")
        self.page.emulate(NARROW, 1000)
        self.page.wait(lambda: self.page.overlapping() == [], "boxes overlap")
        self.page.screenshot("attached-narrow")
        self.job.detach(name)
        self.page.wait(lambda: name not in self.page.actors(), "the actor stays")
        self.check_quiet()

    def test_a_stalled_edge_is_marked(self):
        edge = "augment.augmented->prompt.samples"
        self.page.open()
        self.assertNotIn("stalled", self.page.edge_words(edge))
        self.job.stall(edge)
        self.page.wait(lambda: "stalled" in self.page.edge_words(edge), "the stall is not said")
        self.assertIn("the job waits here", self.page.edge_words("batch.batches->model.batches"))

    def test_texts_of_the_data_are_only_text(self):
        self.open_filled()
        self.job.poison()
        hostile = fixture_server.HOSTILE
        for selector in (".sample .text", ".task .bar-name", ".task q", "#events .fault"):
            self.page.wait(lambda: hostile in self.page.text(selector),
                           f"{selector} does not show the text as it is", 30)
        self.assertEqual(self.page.all("img[onerror], main script"), [])
        self.assertEqual(self.page.all("img[src^='javascript']"), [])
        self.assertNotEqual(self.driver.title, "taken")
        for width in (WIDE, NARROW):
            self.page.emulate(width, 1000)
            self.assertLessEqual(self.page.sideways(), 0)
        self.check_quiet()

    def test_works_with_the_keyboard(self):
        self.open_filled()
        self.assertTrue(self.page.tab_until("[data-actor]"), "no actor got the focus")
        self.page.press(Keys.ARROW_RIGHT)
        self.assertEqual(self.page.focused_actor(), "decode")
        self.page.wait(lambda: "decode" in self.page.text("#details h3"), "no details")
        self.assertEqual(len(self.page.all("#details table:first-of-type tbody tr")), 2 + 3)
        self.page.screenshot("details")
        self.job.attach()
        self.page.wait(lambda: len(self.page.actors()) > len(ACTORS), "nothing was attached")
        self.assertEqual(self.page.focused_actor(), "decode", "a new picture took the focus")
        self.page.press(Keys.ESCAPE)
        self.page.wait(lambda: not self.page.text("#details"), "the details stay")
        self.assertTrue(self.page.tab_until("#loss-chart .chart"), "no chart got the focus")
        self.page.press(Keys.HOME)
        self.assertTrue(self.page.spoken("#loss-chart .chart").startswith("step 2: loss "))
        self.page.press(Keys.ARROW_RIGHT)
        self.assertTrue(self.page.spoken("#loss-chart .chart").startswith("step 4: loss "))
        self.assertTrue(self.page.tab_until(".scroll"), "the events got no focus")

    def test_says_that_the_server_is_gone_and_comes_back(self):
        self.open_filled()
        self.close_server()
        self.page.wait(lambda: "is gone" in self.page.banner(), "no word of the lost server")
        self.assertEqual(self.page.actors(), ACTORS)
        self.assertTrue(self.page.curve("loss"))
        self.page.screenshot("lost")
        step = self.page.text("#figure-step")
        self.open_server()
        self.page.wait(lambda: not self.page.banner(), "the banner stays")
        self.page.wait(lambda: self.page.text("#figure-step") != step, "the figures stand")

    def test_a_job_that_began_anew_replaces_the_old_one(self):
        self.open_filled()
        self.job.restart()
        self.page.wait(lambda: len(self.page.events()) == 1, "old events stay")
        self.page.wait(lambda: self.page.shown_points()[1] < 200, "old points stay")

    def test_shows_how_the_job_ended(self):
        self.page.open()
        self.job.end("failed", "[model] loss is NaN at step 1212")
        self.page.wait(lambda: "loss is NaN" in self.page.text("#failure"), "no reason is given")
        self.assertIn("failed", self.page.text("#phase"))
        self.assertNotIn("is-bottleneck", self.page.actor_classes("model"))
        self.page.screenshot("failed")
        self.close_server()
        self.page.wait(lambda: "has ended (failed)" in self.page.banner(), "no word of the end")

    def test_a_job_without_a_step_has_no_figures_yet(self):
        self.job.make_new()
        self.page.open(NARROW)
        self.page.wait(lambda: "starting" in self.page.text("#phase"), "no phase")
        self.assertEqual(self.page.actors(), ACTORS)
        self.assertIn("No step yet", self.page.text("#loss-chart"))
        self.assertIn("No evaluation yet", self.page.text("#evaluation"))
        self.page.screenshot("new")
        self.assertEqual(self.page.console_errors(), [])


if __name__ == "__main__":
    unittest.main(verbosity=2)
