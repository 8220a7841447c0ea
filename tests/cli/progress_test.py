"""Long work says how far it is: one line that is written over on a terminal, and under
mpirun where LENSMILL_LIVE=1 asks for it."""

import unittest

from support import SMALL, USAGE, Case, edited, lensmill

ROWS = 1000
SAMPLE = 300  # each row's shard is opened anew: above a second; a line each half second
OVER = "\033[K"  # after a carriage return, which Python reads as a newline


class Live(Case):
    def setUp(self):
        super().setUp()
        config = self.write("small.yaml", edited(SMALL, "count: 10", f"count: {ROWS}"))
        self.run = self.folder / "run"
        self.assert_ends(lensmill("run", config, "--output", self.run), 0)

    def test_a_line_that_is_written_over(self):
        live = {"LENSMILL_LIVE": "1"}
        for command, ranks, line in (
                (("verify", self.run, "--sample", SAMPLE), 2, "rows rendered again: "),
                (("analyse", self.run, "--counterfactuals", ROWS), 0,
                 "rows rendered in 12 ways (of this rank): ")):
            with self.subTest(command=command[0]):
                result = lensmill(*command, ranks=ranks, env=live)

                self.assert_ends(result, 0)
                self.assertIn(OVER + line, result.stderr)
                self.assertRegex(result.stderr, r"\(\d+ %\), .* left")

        # In a batch log a line each 30 s is enough.
        result = lensmill("verify", self.run, "--sample", 100, env={"LENSMILL_LIVE": "0"})
        self.assert_ends(result, 0)
        self.assertNotIn(OVER, result.stderr)

    def test_another_value_is_refused(self):
        for ranks in (0, 2):
            result = lensmill("info", self.run, ranks=ranks, env={"LENSMILL_LIVE": "yes"})
            self.assertEqual(result.code, USAGE, result)
            self.assertIn("LENSMILL_LIVE: must be 1", result.stderr)


if __name__ == "__main__":
    unittest.main()
