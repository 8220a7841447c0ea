"""Real galaxies as sources: what a run writes of them, the same bytes however it is
run, and catalogues and images that cannot be used: named by file, HDU and row."""

import unittest

import h5py
import numpy
from astropy import units
from astropy.io import fits
from astropy.table import Table

from support import BAD_DATA, CONFIG, RICH, SMALL, Case, contents, edited, lensmill
from support import virtual_file

SIZES = (41, 48, 53, 60)


def galaxy(size, seed):
    """A noisy exponential disc with an arm on one side."""
    random = numpy.random.default_rng(seed)
    y, x = numpy.mgrid[:size, :size] - size / 2.0
    radius = numpy.hypot(x + 0.3 * y, 1.5 * y)
    image = numpy.exp(-radius / (size / 14.0))
    image += 0.3 * numpy.exp(-((x - size / 8.0) ** 2 + y ** 2) / 6.0)
    return (image + random.normal(0.0, 0.003, image.shape)).astype("f4")


class GalaxyCase(Case):
    def images(self, name="images.fits", change=None):
        images = [galaxy(size, k) for k, size in enumerate(SIZES)]
        if change:
            change(images)
        hdus = [fits.PrimaryHDU(images[0])] + [fits.ImageHDU(i) for i in images[1:]]
        fits.HDUList(hdus).writeto(self.folder / name, overwrite=True)

    def catalogue(self, **columns):
        rows = len(SIZES)
        table = {"IDENT": numpy.arange(rows) * 11 + 900,
                 "MAG": numpy.linspace(20.0, 23.0, rows),
                 "GAL_FILENAME": ["images.fits"] * rows,
                 "GAL_HDU": numpy.arange(rows),
                 "PIXEL_SCALE": [0.03] * rows,
                 "fit": numpy.arange(3.0 * rows).reshape(rows, 3)}
        table.update(columns)
        table = {name: values for name, values in table.items() if values is not None}
        path = self.folder / "galaxies.fits"
        Table(table).write(path, overwrite=True)
        return path

    def config(self, more="", text=SMALL):
        return edited(text, "host:", "source:\n  galaxies:\n    catalogue: "
                      f"{self.folder}/galaxies.fits\n{more}host:")

    def refused(self, more, *pieces, code=BAD_DATA):
        config = self.write("small.yaml", self.config(more))
        for arguments in (("run", config, "--output", self.folder / "run"),
                          ("run", config, "--output", self.folder / "run", "--dry-run")):
            self.assert_ends(lensmill(*arguments), code, *pieces)
        self.assertFalse((self.folder / "run").exists())


class Runs(GalaxyCase):
    def setUp(self):
        super().setUp()
        self.images()
        self.catalogue()
        text = edited(RICH, "count: 10", "count: 150")
        self.text = edited(text, "src_reff_arcsec: {choice: [0.2, 0.4]}",
                           "src_reff_arcsec: {uniform: [0.2, 0.4]}")
        for line in ("  src_sersic_n: 1.0\n",
                     "  src_ellipticity: {choice: [0.0, 0.4]}\n"):
            self.text = edited(self.text, line, "")
        self.text = self.config("    cuts: {MAG: [20.5, 30], 'fit[1]': [0, 100]}\n"
                                "    random_flip: true\n", self.text)

    def test_columns_say_which_galaxy_and_how_it_lies(self):
        run = self.make_run("run", self.text)

        with h5py.File(virtual_file(run)) as file:
            columns = {name: values[:] for name, values in file["catalogue"].items()}
            roles = [role.decode() for role in file["provenance/input_role"]]
            self.assertTrue(numpy.all(file["measurements/status"][:] < 10))
        # The first row is cut.
        self.assertEqual(set(columns["src_image_index"]), {0, 1, 2})
        numpy.testing.assert_array_equal(columns["src_image_id"],
                                         911 + 11 * columns["src_image_index"])
        self.assertEqual(set(columns["src_image_flip"]), {0, 1})
        self.assertNotIn("src_sersic_n", columns)
        # Turned images end at the angle drawn: one turn per galaxy, but for the flip.
        for index in range(3):
            rows = (columns["src_image_index"] == index) & (columns["src_image_flip"] == 0)
            start = (columns["src_phi_rad"] - columns["src_image_turn_rad"])[rows]
            off = numpy.angle(numpy.exp(1j * (start - start[0])))
            numpy.testing.assert_allclose(off, 0.0, atol=1e-12)
        self.assertEqual(roles, ["source catalogue", "source images"])

    def test_the_same_bytes_on_any_ranks_and_after_an_interruption(self):
        whole = self.make_run("whole", self.text)
        expected = contents(virtual_file(whole))
        for ranks in (1, 2, 3):
            run = self.make_run(f"ranks{ranks}", self.text, "--set",
                                "output.rows_per_shard=40", ranks=ranks)
            self.assert_same_contents(contents(virtual_file(run)), expected)
        # A shard is missing, as after an interruption.
        (run / "shards" / "shard-000001.h5").unlink()
        config = self.write("again.yaml", self.text)
        result = lensmill("run", config, "--set", "output.rows_per_shard=40",
                          "--set", "source.galaxies.cache_mib=1", "--output", run,
                          "--resume", ranks=2)
        self.assert_ends(result, 0)
        self.assert_same_contents(contents(virtual_file(run)), expected)
        self.assert_ends(lensmill("verify", run, "--sample", 20), 0)

    def test_rows_alone_and_from_the_runs_own_columns(self):
        subset = [7, 0, 149, 64]
        whole = virtual_file(self.make_run("whole", self.text))
        path = self.folder / "rows.h5"
        with h5py.File(whole) as file, h5py.File(path, "w") as rows:
            for name, column in file["catalogue"].items():
                rows[f"catalogue/{name}"] = column[:][subset]

        alone = self.make_run("alone", self.text, "--catalogue", path)

        self.assert_same_contents(contents(virtual_file(alone)),
                                  contents(whole, subset))


class Clumpy(Case):
    def test_the_same_bytes_on_any_ranks_and_from_its_own_columns(self):
        text = edited(RICH, "count: 10", "count: 90")
        text = edited(text, "host:\n  sersic:", "source:\n  clumpy:\n"
                      "    knots: {choice: [0, 1, 2, 5]}\n"
                      "    knot_flux_fraction: {uniform: [0.1, 0.4]}\n"
                      "    knot_reff_over_reff: {uniform: [0.05, 0.2]}\n"
                      "    knot_flux_weight: {uniform: [1, 3]}\n"
                      "host:\n  sersic:")
        whole = virtual_file(self.make_run("whole", text))
        expected = contents(whole)
        self.assertIn("catalogue/src_knot_x_arcsec_4", expected)
        for ranks in (2, 3):
            run = self.make_run(f"ranks{ranks}", text, "--set",
                                "output.rows_per_shard=40", ranks=ranks)
            self.assert_same_contents(contents(virtual_file(run)), expected)

        subset = [80, 3, 41]
        path = self.folder / "rows.h5"
        with h5py.File(whole) as file, h5py.File(path, "w") as rows:
            for name, column in file["catalogue"].items():
                rows[f"catalogue/{name}"] = column[:][subset]
        alone = virtual_file(self.make_run("alone", text, "--catalogue", path))
        mine, theirs = contents(alone), contents(whole, subset)
        for name in ("images/arc", "images/positive", "measurements/arc_flux_nmgy"):
            self.assertEqual(mine[name], theirs[name], name)


class Catalogues(GalaxyCase):
    def setUp(self):
        super().setUp()
        self.images()

    def test_a_cut_that_leaves_nothing(self):
        path = self.catalogue()
        self.refused("    cuts: {MAG: [10, 15], 'fit[0]': [0, 99]}\n",
                     f"{path}: none of its 4 galaxies is left by source.galaxies.cuts",
                     "MAG in [10, 15]: 0", "fit[0] in [0, 99]: 4")

    def test_a_cut_of_an_unknown_column(self):
        self.catalogue()
        self.refused("    cuts: {MAGG: [10, 25]}\n", "source.galaxies.cuts.MAGG",
                     "small.yaml:", "no column `MAGG`; did you mean `MAG`?", code=CONFIG)

    def test_a_cut_of_what_has_no_single_number(self):
        self.catalogue()
        self.refused("    cuts: {fit: [10, 25]}\n", "contains 3 numbers in each row",
                     "`fit[0]` ... `fit[2]`", code=CONFIG)
        self.refused("    cuts: {'fit[3]': [10, 25]}\n", "contains 3 numbers in each row",
                     code=CONFIG)
        self.refused("    cuts: {GAL_FILENAME: [10, 25]}\n", "contains text; a cut on it is a list of texts",
                     code=CONFIG)

    def test_a_column_that_is_missing(self):
        path = self.catalogue(GAL_HDU=None)
        self.refused("", f"{path}", "has no column GAL_HDU", "GalSim")

    def test_a_pixel_scale_of_nothing(self):
        path = self.catalogue(PIXEL_SCALE=[0.03, 0.03, 0.0, 0.03])
        self.refused("", f"{path}", "row 3", "PIXEL_SCALE must be in (0, 100)")

    def test_units_of_the_pixel_scale(self):
        config = self.write("small.yaml", edited(self.config(), "  src_sersic_n: 1.0\n"
                                                 "  src_q: 0.7\n", ""))
        for scale in ([0.03] * 4, [30.0] * 4 * units.mas, [0.03] * 4 * units.arcsec):
            self.catalogue(PIXEL_SCALE=scale)
            self.assert_ends(lensmill("run", config, "--output", self.folder / "run",
                                      "--dry-run"), 0)
        self.catalogue(PIXEL_SCALE=[0.03] * 4 * units.pix)
        self.refused("", "column PIXEL_SCALE has the unit `pix")

    def test_several_numbers_where_one_is_needed(self):
        self.catalogue(GAL_HDU=numpy.zeros((4, 2), int))
        self.refused("", "column GAL_HDU: contains integers (2 in each row), but one integer "
                     "in each row is needed")
        self.catalogue(PIXEL_SCALE=["0.03"] * 4)
        self.refused("", "column PIXEL_SCALE: contains strings (1 in each row), but one "
                     "number")

    def test_what_is_no_fits_table(self):
        self.images("galaxies.fits")
        self.refused("", f"{self.folder}/galaxies.fits", "table")
        self.write("galaxies.fits", "IDENT,MAG\n1,2\n")
        self.refused("", f"{self.folder}/galaxies.fits", "FITS")

    def test_a_truncated_catalogue(self):
        path = self.catalogue()
        path.write_bytes(path.read_bytes()[:-2880])
        self.refused("", f"{path}", "truncated")

    def test_fits_of_other_galaxies(self):
        path = self.catalogue()
        other = self.folder / "fits.fits"
        more = f"    fits_catalogue: {other}\n"
        Table({"IDENT": [900, 911, 5, 933], "q": [1.0] * 4}).write(other)
        self.refused(more, f"{other}", "row 3", "IDENT 5", f"{path} has 922")
        Table({"IDENT": [900, 911]}).write(other, overwrite=True)
        self.refused(more, f"{other}", "has 2 rows", f"{path} has 4")


class Images(GalaxyCase):
    def test_a_missing_file(self):
        path = self.catalogue()
        self.refused("", f"{path}, row 1 (IDENT 900): no image file {self.folder}"
                     "/images.fits", "GAL_FILENAME starts from the catalogue's folder")

    def test_a_truncated_file(self):
        self.images()
        path = self.folder / "images.fits"
        path.write_bytes(path.read_bytes()[:-5760])
        catalogue = self.catalogue()
        self.refused("", f"{catalogue}, row 4 (IDENT 933): {path}, HDU 3",
                     "truncated")

    def test_an_hdu_that_is_not_there(self):
        self.images()
        catalogue = self.catalogue(GAL_HDU=[0, 1, 2, 9])
        self.refused("", f"{catalogue}, row 4 (IDENT 933)", "images.fits", "9")

    def test_galaxies_that_cannot_be_sources(self):
        def spoil(images):
            images[1][:] = 0.0
            images[2][3, 4] = numpy.nan

        self.images(change=spoil)
        catalogue = self.catalogue()
        config = self.write("small.yaml", self.config())
        run = self.folder / "run"

        result = lensmill("run", config, "--output", run,
                          "--set", "catalogue.sampled.count=60",
                          "--set", "run.max_failed_fraction=1.0")

        self.assert_ends(
            result, 0, "2 of 4 galaxies cannot be sources",
            f"{catalogue}, row 2 (IDENT 911): {self.folder}/images.fits[1] has nothing "
            "above the noise", "row 3 (IDENT 922)", "images.fits[2] has pixels that are "
            "not finite", "bad_source")
        with h5py.File(virtual_file(run)) as file:
            status = file["measurements/status"][:]
            index = file["catalogue/src_image_index"][:]
            images = file["images/arc"][:]
        bad = (index == 1) | (index == 2)
        self.assertTrue(10 < bad.sum() < 50)
        numpy.testing.assert_array_equal(status == 17, bad)
        self.assertTrue(numpy.all(numpy.isnan(images[bad])))
        self.assertTrue(numpy.all(numpy.isfinite(images[~bad])))

    def test_no_galaxy_that_can_be_a_source(self):
        def spoil(images):
            for image in images:
                image[:] = 0.0

        self.images(change=spoil)
        self.catalogue()
        self.refused("", "none of the 4 selected galaxies can be a source",
                     "images.fits[0] has nothing above the noise")


if __name__ == "__main__":
    unittest.main()
