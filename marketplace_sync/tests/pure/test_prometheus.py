"""Figures as Prometheus reads them."""

import unittest

from marketplace_sync.engine.prometheus import escape, render


class TestPrometheus(unittest.TestCase):
    def test_a_figure_has_its_help_its_type_and_its_labels(self):
        text = render([("m_pending", "Waits.", [({"account": 7, "name": "A"}, 3)])])
        self.assertEqual(
            text,
            "# HELP m_pending Waits.\n# TYPE m_pending gauge\n"
            'm_pending{account="7",name="A"} 3\n',
        )

    def test_a_name_cannot_end_its_quotes_or_its_line(self):
        self.assertEqual(escape('a"b\\c\nd'), 'a\\"b\\\\c\\nd')
        text = render([("m", "h", [({"name": 'x"} 1\nm{y="'}, 1)])])
        self.assertEqual(len(text.splitlines()), 3)

    def test_what_is_not_known_is_left_out_and_is_not_0(self):
        self.assertEqual(render([("m", "h", [({}, None)])]), "\n")
        self.assertIn("\nm 0\n", render([("m", "h", [({}, 0), ({"a": 1}, None)])]))

    def test_a_time_keeps_all_its_digits(self):
        self.assertIn("m 1795239331\n", render([("m", "h", [({}, 1795239331.0)])]))
        self.assertIn("m 0.5\n", render([("m", "h", [({}, 0.5)])]))
