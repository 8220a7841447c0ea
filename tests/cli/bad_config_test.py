"""Configurations that cannot be run: 78, each message with file, line, key and what to
do, all problems of a file at once; nothing is written."""

import unittest

from support import CONFIG, SMALL, Case, edited, lensmill


class ConfigCase(Case):
    def refused(self, text, *pieces):
        config = self.write("small.yaml", text)
        run = self.folder / "run"
        result = lensmill("run", config, "--output", run)
        self.assert_ends(result, CONFIG, *pieces)
        self.assertEqual(result.stdout, "")
        self.assertFalse(run.exists())
        return result

    def line(self, text, piece):
        """ at FILE:LINE of the line that contains `piece`."""
        lines = [number for number, line in enumerate(text.splitlines(), 1)
                 if piece in line]
        return f" at {self.folder / 'small.yaml'}:{lines[0]}"

class BadConfig(ConfigCase):
    def test_check_and_psf_test_say_the_same_as_run(self):
        text = edited(SMALL, "rows_per_shard", "rows_per_shrd")

        said = self.refused(text).stderr

        for command in ("check", "psf-test"):
            result = lensmill(command, self.folder / "small.yaml")
            self.assert_ends(result, CONFIG)
            self.assertEqual(result.stderr, said)

    def test_an_unknown_key_with_the_nearest_and_its_line(self):
        text = edited(SMALL, "rows_per_shard", "rows_per_shrd")

        self.refused(text, "output.rows_per_shrd" + self.line(text, "shrd"),
                     "unknown key", "did you mean rows_per_shard?")

    def test_an_unknown_section(self):
        text = SMALL + "mesure: {}\n"

        self.refused(text, "mesure" + self.line(text, "mesure"), "did you mean measure?")

    def test_an_unknown_prior(self):
        text = edited(SMALL, "src_sersic_n", "src_sersic_m")

        self.refused(text, "priors.src_sersic_m" + self.line(text, "sersic_m"),
                     "unknown quantity", "did you mean src_sersic_n?")

    def test_a_wrong_unit_says_which_unit_to_write(self):
        text = edited(SMALL, "theta_e_arcsec", "theta_e_pix")

        self.refused(text, "priors.theta_e_pix" + self.line(text, "theta_e"),
                     "the unit is part of the name: write theta_e_arcsec")

    def test_a_key_without_its_unit(self):
        text = edited(SMALL, "fwhm_pix", "fwhm")

        self.refused(text, "psf.r.fwhm" + self.line(text, "fwhm"),
                     "write fwhm_arcsec or fwhm_pix")

    def test_wrong_types(self):
        for old, new, key, says in (
                ("seed: 7", "seed: seven", "run.seed", "got seven"),
                ("seed: 7", "seed: [7]", "run.seed", "got a list"),
                ("bands: [r]", "bands: r", "bands", "list"),
                ("pixel_scale_arcsec: 0.262", "pixel_scale_arcsec: {a: 1}",
                 "grid.pixel_scale_arcsec", "got a map"),
                ("noise:\n  sky_sigma_nmgy: {r: 0.01}\n  gain_e_per_nmgy: {r: 500}",
                 "noise: 3", "noise", "must be")):
            with self.subTest(new):
                text = edited(SMALL, old, new)

                self.refused(text, key + self.line(text, new.split("\n")[0]), says)

    def test_values_out_of_range_say_the_range(self):
        for old, new, key, says in (
                ("stamp_size_pix: 16", "stamp_size_pix: 7", "grid.stamp_size_pix",
                 "must be an integer in [8, 4096] (got 7)"),
                ("count: 10", "count: 0", "catalogue.sampled.count",
                 "must be an integer in [1, 1000000000000000] (got 0)"),
                ("seed: 7", "seed: -1", "run.seed", "[0, 2^64)"),
                ("name: small", "name: ../small", "run.name", "letters, digits"),
                ("pixel_scale_arcsec: 0.262", "pixel_scale_arcsec: .nan",
                 "grid.pixel_scale_arcsec", "(got"),
                ("{r: 500}", "{r: 0}", "noise.gain_e_per_nmgy.r", "must be > 0 (got 0)"),
                ("[3.0, 5.0]", "[5.0, 3.0]", "measure.aperture_radius_pix", "ascend")):
            with self.subTest(new):
                text = edited(SMALL, old, new)

                self.refused(text, key + self.line(text, new), says)

    def test_a_prior_whose_values_leave_the_quantitys_range(self):
        text = edited(SMALL, "[0.6, 1.0]", "[0.6, 1.2]")

        self.refused(text, "priors.lens_q" + self.line(text, "lens_q"), "(0, 1]", "1.2")

    def test_a_required_key_that_is_missing(self):
        self.refused(edited(SMALL, "bands: [r]\n", ""),
                     "bands at ", "required, but missing")
        text = edited(SMALL, "{kind: gaussian, fwhm_pix: 4.0}", "{fwhm_pix: 4.0}")
        self.refused(text, "psf.r.kind" + self.line(text, "fwhm_pix"), "required")
        self.refused(edited(SMALL, "{pixel_scale_arcsec: 0.262, ", "{"),
                     "grid.pixel_scale_arcsec", "required, but missing")

    def test_a_quantity_that_nothing_gives(self):
        self.refused(edited(SMALL, "  src_reff_arcsec: 0.3\n", ""),
                     "src_reff_arcsec: nothing gives it",
                     "add `src_reff_arcsec` to `priors` or to the catalogue")

    def test_a_band_without_its_psf(self):
        self.refused(edited(SMALL, "[r]", "[g, r]"),
                     "psf.g", "required, but missing (every band needs its PSF)")

    def test_a_key_given_twice(self):
        text = edited(SMALL, "host: none\n", "host: none\nbands: [g]\n")

        self.refused(text, "bands" + self.line(text, "[g]"), "given twice (first at ",
                     "small.yaml:4)")

    def test_unknown_products_and_words(self):
        text = edited(SMALL, "output: {", "output: {products: [positive, negativ], ")
        self.refused(text, "output.products" + self.line(text, "negativ"),
                     "unknown product negativ; did you mean negative?")
        text = edited(SMALL, "output: {", "output: {encoding: int8, ")
        self.refused(text, "output.encoding" + self.line(text, "int8"), "float32",
                     "int16")
        text = edited(SMALL, "gaussian", "gauss")
        self.refused(text, "psf.r.kind" + self.line(text, "gauss"), "gaussian")

    def test_products_that_the_run_does_not_make(self):
        self.refused(edited(SMALL, "output: {", "output: {products: [host], "),
                     "output.products", "host: none")

    def test_all_problems_at_once_in_order_of_lines(self):
        text = edited(SMALL, "seed: 7", "seed: x")
        text = edited(text, "stamp_size_pix: 16", "stamp_size_pix: 1")
        text = edited(text, "rows_per_shard: 64", "rows_per_shard: 0")

        stderr = self.refused(text).stderr

        places = [stderr.index(key) for key in ("run.seed", "grid.stamp_size_pix",
                                                "output.rows_per_shard")]
        self.assertEqual(places, sorted(places))
        self.assertEqual(len(stderr.splitlines()), 3)

    def test_broken_yaml_with_its_line(self):
        text = edited(SMALL, "bands: [r]", "bands: [r")

        self.refused(text, f"{self.folder / 'small.yaml'}:", "not valid YAML")

    def test_files_that_are_no_configuration(self):
        for text, says in (("", "the configuration is empty"),
                           ("- a\n- b\n", "must be a map of sections"),
                           (b"\x89HDF\r\n\x1a\n\0\0", "not a text file")):
            with self.subTest(says):
                self.refused(text, "small.yaml: " + says)

    def test_a_file_that_is_not_there(self):
        result = lensmill("run", self.folder / "none.yaml")

        self.assert_ends(result, CONFIG, "none.yaml: no such configuration file")
        self.assert_ends(lensmill("run", self.folder), CONFIG, "is a folder")

    def test_input_files_that_are_not_there(self):
        text = edited(SMALL, "sampled: {count: 10}", "file: {path: rows.csv}")

        self.refused(text, "catalogue.file.path" + self.line(text, "rows.csv"),
                     f"no such file: {self.folder / 'rows.csv'}")

    def test_environment_variables_that_are_not_set(self):
        text = edited(SMALL, "sampled: {count: 10}",
                      'file: {path: "${NO_SUCH_VARIABLE}/rows.csv"}')

        self.refused(text, "catalogue.file.path" + self.line(text, "rows.csv"),
                     "NO_SUCH_VARIABLE is not set", "export NO_SUCH_VARIABLE=")


class Settings(Case):
    def test_what_set_gets_wrong_is_named_by_it(self):
        for setting, says in (
                ("run.sed=1", "did you mean seed?"),
                ("catalogue.sampled.count=-3", "must be an integer in [1, 1000000000000000] (got -3)"),
                ("bands[0]=g", "unknown key"),
                ("run.seed.deep=1", "cannot be set inside"),
                ("run.seed={", "not valid YAML"),
                ("output.directory=", "output.directory")):
            with self.subTest(setting):
                result = lensmill("check", self.write("small.yaml", SMALL), "--set",
                                  setting)

                self.assert_ends(result, CONFIG, f"--set {setting}", says)

    def test_an_empty_output_or_catalogue(self):
        config = self.write("small.yaml", SMALL)

        self.assert_ends(lensmill("run", config, "--output", ""), CONFIG,
                         "output.directory", 'must name a folder (got "")')
        self.assert_ends(lensmill("run", config, "--catalogue", ""), CONFIG,
                         "catalogue.file.path")


class CatalogueAndPriors(ConfigCase):
    def setUp(self):
        super().setUp()
        self.rows = self.write("rows.csv", "injection_id,theta_e_arcsec\n5,1.0\n")

    def test_a_quantity_in_the_file_and_in_the_priors(self):
        text = edited(SMALL, "sampled: {count: 10}", "file: {path: rows.csv}")

        self.refused(text, "priors.theta_e_arcsec" + self.line(text, "theta_e"),
                     f"already fixed by theta_e_arcsec in {self.rows}", "remove one")

    def test_aliases_are_the_same_quantity(self):
        self.write("rows.csv", "injection_id,lens_ellipticity\n5,0.1\n")
        text = edited(SMALL, "sampled: {count: 10}", "file: {path: rows.csv}")
        text = edited(text, "theta_e_arcsec: 1.2", "theta_e_arcsec: 1.0")

        self.refused(text, "priors.lens_q" + self.line(text, "lens_q"),
                     "lens_ellipticity", "rows.csv")

    def test_catalogue_on_the_command_line_wins_and_says_so(self):
        config = self.write("small.yaml", SMALL)
        run = self.folder / "run"

        result = lensmill("run", config, "--catalogue", self.rows, "--output", run)

        self.assert_ends(result, 0, "the catalogue gives theta_e_arcsec: its prior is "
                                    "not used")
        self.assertIn("1 of 1 rows", result.stdout)


if __name__ == "__main__":
    unittest.main()
