"""docs/from-cutouts.md: its commands, its configuration and its Python, as they stand."""

import os
import pathlib
import re
import subprocess
import unittest

import h5py

from configs_test import CONFIGS
from support import Case

ROOT = CONFIGS.parent
PAGE = (ROOT / "docs/from-cutouts.md").read_text()
ROWS = 48


def blocks(language):
    return re.findall(rf"^```{language}\n(.*?)^```$", PAGE, re.M | re.S)


class FromCutouts(Case):
    def shell(self, text):
        program = pathlib.Path(os.environ["LENSMILL_PROGRAM"])
        done = subprocess.run(
            ["bash", "-ec", text], cwd=self.folder, capture_output=True, text=True,
            timeout=240, env={**os.environ, "LENSMILL_ROOT": str(ROOT),
                              "PATH": f"{program.parent}:/usr/bin:{os.environ['PATH']}",
                              "PRTE_MCA_rmaps_default_mapping_policy": ":oversubscribe",
                              "OMPI_MCA_rmaps_base_oversubscribe": "1"})
        self.assertEqual(done.returncode, 0, f"{text}\n{done.stdout}\n{done.stderr}")
        return done.stdout

    def test_the_page_does_what_it_says(self):
        (config,) = blocks("yaml")
        self.assertIn("count: 5000", config)
        (self.folder / "pairs.yaml").write_text(
            config.replace("count: 5000", f"count: {ROWS}"))
        demo, check, make, look = blocks("sh")

        self.shell(demo.replace("jobs/", f"{ROOT}/jobs/"))
        screen = self.shell(check)
        self.assertIn(f"A sample of {ROWS} rows", screen)
        self.assertNotIn("\n! ", screen)
        self.assertRegex(screen, r"the worst 10:\n.*\n.* host \d+ \(39627700000000\d+\)")
        self.shell(make)
        self.shell(look)

        for picture in ("sheet.png", "gallery.png", "0.png"):
            signature = (self.folder / picture).read_bytes()[:4]
            self.assertEqual(signature, b"\x89PNG", picture)
        with h5py.File(self.folder / "pairs/pairs.h5") as run:
            self.assertEqual(run["images/positive"].shape, (ROWS, 3, 64, 64))
            self.assertGreater(len(set(run["catalogue/host_id"][:])), 20)
            self.assertGreater(run["catalogue/host_id"][:].min(), 39627700000000000 - 1)
            for band in "grz":
                self.assertEqual(list(run[f"catalogue/psf_index_{band}"][:]),
                                 list(run["catalogue/host_index"][:]))
        (code,) = blocks("python")
        self.assertIn(", 3, 64, 64) 0.5",
                      self.shell(f"/usr/bin/python3 - <<'END'\n{code}END\n"))


if __name__ == "__main__":
    unittest.main()
