"""python/plot_recovery.py draws what lensmill recover wrote."""

import os
import pathlib
import subprocess
import sys
import unittest

import numpy

from recover_support import RecoverCase


class Picture(RecoverCase):
    def test_is_drawn_from_the_report(self):
        field = self.field()
        x, y = self.found()
        path = self.write_csv("found.csv", bx=x, by=y,
                              score=numpy.random.default_rng(3).random(len(x)))
        script = pathlib.Path(os.environ["LENSMILL_SOURCE"]) / "python/plot_recovery.py"
        self.recover(field, "--detections", path, "--score", "score")

        for folder in (field / "recovery", field):
            result = subprocess.run([sys.executable, script, folder], capture_output=True,
                                    text=True, timeout=120)
            self.assertEqual(result.returncode, 0, result.stderr)
        png = (field / "recovery/recovery.png").read_bytes()
        self.assertTrue(png.startswith(b"\x89PNG"))

        result = subprocess.run([sys.executable, script, self.folder],
                                capture_output=True, text=True, timeout=120)
        self.assertEqual(result.returncode, 1)
        self.assertIn("lensmill recover", result.stderr)


if __name__ == "__main__":
    unittest.main()
