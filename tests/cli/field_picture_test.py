"""`python3 -m lensmill plot-field` draws what lensmill field made."""

import os
import pathlib
import subprocess
import sys
import unittest

from field_support import FieldCase
from support import BAD_DATA, IO


class Picture(FieldCase):
    def draw(self, *arguments):
        package = pathlib.Path(os.environ["LENSMILL_SOURCE"]) / "python"
        return subprocess.run([sys.executable, "-B", "-m", "lensmill", "plot-field",
                               *arguments], capture_output=True, text=True, timeout=120,
                              env={**os.environ, "PYTHONPATH": str(package)})

    def test_is_drawn_or_says_why_not(self):
        field = self.make_field("a")

        result = self.draw(field)

        self.assertEqual(result.returncode, 0, result.stderr)
        self.assertTrue((field / "field.png").read_bytes().startswith(b"\x89PNG"))
        for arguments, code, words in (
                ((field, "--band", "Q"), BAD_DATA, "has no band Q"),
                ((field, "--side", "0"), BAD_DATA, "--side must be 1 or more"),
                ((self.folder,), IO, "truth.h5")):
            result = self.draw(*arguments)
            self.assertEqual(result.returncode, code, result.stderr)
            self.assertIn(words, result.stderr)


if __name__ == "__main__":
    unittest.main()
