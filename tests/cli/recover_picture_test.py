"""`python3 -m lensmill plot-recovery` draws what lensmill recover wrote."""

import os
import pathlib
import subprocess
import sys
import unittest

import numpy

from recover_support import RecoverCase
from support import BAD_DATA


class Picture(RecoverCase):
    def draw(self, *arguments):
        package = pathlib.Path(os.environ["LENSMILL_SOURCE"]) / "python"
        return subprocess.run([sys.executable, "-B", "-m", "lensmill", *arguments],
                              capture_output=True, text=True, timeout=120,
                              env={**os.environ, "PYTHONPATH": str(package)})

    def test_is_drawn_from_the_report(self):
        field = self.field()
        x, y = self.found()
        path = self.write_csv("found.csv", bx=x, by=y,
                              score=numpy.random.default_rng(3).random(len(x)))
        self.recover(field, "--detections", path, "--score", "score")

        for folder in (field / "recovery", field):
            result = self.draw("plot-recovery", folder)
            self.assertEqual(result.returncode, 0, result.stderr)
        png = (field / "recovery/recovery.png").read_bytes()
        self.assertTrue(png.startswith(b"\x89PNG"))

        result = self.draw("plot-recovery", self.folder)
        self.assertEqual(result.returncode, BAD_DATA)
        self.assertIn("lensmill recover", result.stderr)


if __name__ == "__main__":
    unittest.main()
