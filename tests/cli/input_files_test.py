"""What catalogue files and tables say of themselves is read and held against what is
wanted: units are converted and said, or refused; what cannot be read is named with what
to do. Pipes and devices are not waited for."""

import os
import unittest

import h5py
import numpy
from astropy import units
from astropy.table import Table

from support import BAD_DATA, CONFIG, IO, SMALL, Case, edited, lensmill, virtual_file

# Of one conversion in double precision.
ROUNDING = 1.0e-15


class InputFiles(Case):
    def with_catalogue(self, path, text=SMALL, *options):
        config = self.write("small.yaml", text)
        run = self.folder / "run"
        return lensmill("run", config, "--catalogue", path, "--output", run, *options)

    def column(self, name):
        with h5py.File(virtual_file(self.folder / "run")) as file:
            return file[f"catalogue/{name}"][...]

    def refused(self, path, *pieces, code=BAD_DATA, text=SMALL):
        result = self.with_catalogue(path, text)
        self.assert_ends(result, code, *pieces)
        self.assertFalse((self.folder / "run").exists())

    def hdf5(self, name="rows.h5", **columns):
        path = self.folder / name
        with h5py.File(path, "w") as file:
            for column, values in columns.items():
                file[column] = values
        return path

    def fits(self, **columns):
        path = self.folder / "rows.fits"
        Table(columns).write(path, overwrite=True)
        return path


class Units(InputFiles):
    def assert_converted(self, path):
        result = self.with_catalogue(path)
        self.assert_ends(result, 0, "warning: ", f"{path}: column `lens_phi_rad` has the "
                         "unit `deg`: converted to rad", "unit `mas`: converted to arcsec")
        self.assertAlmostEqual(self.column("lens_phi_rad")[0], numpy.deg2rad(30.0),
                               delta=ROUNDING)
        self.assertAlmostEqual(self.column("theta_e_arcsec")[0], 1.25, delta=ROUNDING)

    def test_of_a_fits_table(self):
        self.assert_converted(self.fits(lens_phi_rad=[30.0] * units.deg,
                                        theta_e_arcsec=[1250.0] * units.mas))

    def test_of_an_ecsv_file(self):
        path = self.folder / "rows.ecsv"
        Table(dict(lens_phi_rad=[30] * units.deg, theta_e_arcsec=[1250.0] * units.mas)
              ).write(path, format="ascii.ecsv", delimiter=",")
        self.assert_converted(path)

    def test_of_hdf5_datasets(self):
        path = self.hdf5(lens_phi_rad=[30.0], theta_e_arcsec=[1250.0])
        with h5py.File(path, "a") as file:
            file["lens_phi_rad"].attrs["unit"] = "deg"
            file["theta_e_arcsec"].attrs["units"] = "mas"
        self.assert_converted(path)

    def test_that_do_not_fit_are_refused(self):
        self.refused(self.fits(lens_q=[0.5] * units.deg, src_flux_nmgy_r=[1.0] * units.mJy),
                     "2 problems in this catalogue:", "column `lens_q` has the unit `deg`",
                     "column `src_flux_nmgy_r` has the unit `mJy`, which is not known here")

    def test_of_a_joint_table(self):
        self.write("joint.csv", "# %ECSV 1.0\n# ---\n"
                   "# - {name: lens_phi_rad, unit: deg, datatype: float64}\n"
                   "lens_phi_rad,lens_q\n30,0.7\n")
        text = edited(SMALL, "  lens_q: {uniform: [0.6, 1.0]}\n  lens_phi_rad: 0.0\n",
                      "  joint_tables:\n    shapes: {file: joint.csv, columns: "
                      "[lens_phi_rad, lens_q]}\n")
        config = self.write("small.yaml", text)
        run = self.folder / "run"

        self.assert_ends(lensmill("run", config, "--output", run), 0,
                         "warning: priors.joint_tables.shapes.file at ",
                         "unit `deg`: converted to rad")
        self.assertAlmostEqual(self.column("lens_phi_rad")[0], numpy.deg2rad(30.0),
                               delta=ROUNDING)


class OddFiles(InputFiles):
    def test_text_where_numbers_are_needed(self):
        says = "column `lens_q` contains text, but one number in each row is needed"
        self.refused(self.fits(lens_q=["0.7"], src_q=[0.5]), says)
        self.refused(self.hdf5(lens_q=[b"0.7"], src_q=[0.5]), says)
        self.refused(self.fits(lens_q=["0.7"]), "lens_q (text)")

    def test_several_numbers_where_one_is_needed(self):
        self.refused(self.fits(lens_q=[[0.7, 0.8]], src_q=[0.5]),
                     "column `lens_q` contains 2 numbers in each row")

    def test_names_in_upper_case(self):
        self.refused(self.fits(LENS_Q=[0.7]), "column `LENS_Q` is unknown: names are in "
                     "lower case, write `lens_q`")

    def test_separators_that_cannot_be_told(self):
        self.refused(self.write("rows.csv", "lens_q;src_q,z\n0.5;0.5\n"),
                     "line 1: the header has commas and semicolons")

    def test_marks_for_not_measured(self):
        self.refused(self.write("rows.csv", "src_mag_r\n99\n"), "line 2: src_mag_r must be "
                     "in [-50, 50] (got 99): a mark for `not measured`?")
        config = self.write("small.yaml", edited(SMALL, "src_flux_nmgy_r: 10.0",
                                                 "src_mag_r: 99"))
        self.assert_ends(lensmill("check", config), CONFIG, "priors.src_mag_r at ",
                         "not measured")

    def test_compression_that_hdf5_does_not_know(self):
        path = self.folder / "rows.h5"
        with h5py.File(path, "w") as file:
            file.create_dataset("lens_q", data=numpy.full(5000, 0.5), compression="lzf")

        self.refused(path, f"{path}: /lens_q: is compressed by the filter lzf (number "
                     "32000), which this HDF5 does not have", "h5repack -f GZIP=4")

    def test_a_file_that_another_program_writes(self):
        path = self.hdf5(lens_q=[0.5])
        with h5py.File(path, "a"):
            self.refused(path, f"{path}: is locked by another program", code=IO)

    def test_datasets_that_were_never_written(self):
        path = self.folder / "rows.h5"
        with h5py.File(path, "w") as file:
            file.create_dataset("lens_q", (500_000_000,), "f8", chunks=(1000,))
        self.assertLess(path.stat().st_size, 10000)

        self.refused(path, "/lens_q: is declared with 500000000 rows, but not all of it "
                     "was ever written")
        with h5py.File(path, "w") as file:
            file.create_dataset("pixels", (500_000_000, 1, 64, 64), "f4",
                                chunks=(1, 1, 64, 64))
        text = edited(SMALL, "host: none", f"host: {{cutouts: {{file: {path}, dataset: "
                      "pixels, units: nmgy, pixel_scale_arcsec: 0.262}}")
        config = self.write("hosts.yaml", text)
        self.assert_ends(lensmill("check", config), BAD_DATA, "/pixels: is declared as "
                         "[500000000, 1, 64, 64], but not all of it was ever written")

    def test_datasets_of_packed_and_uneven_chunks_are_whole(self):
        path = self.folder / "rows.h5"
        with h5py.File(path, "w") as file:
            file.create_dataset("lens_q", data=numpy.full(10, 0.5), chunks=(4,),
                                compression="gzip")
            file.create_dataset("src_q", data=numpy.full(10, 0.5), maxshape=(None,))

        self.assert_ends(self.with_catalogue(path), 0)

    def test_a_joint_table_in_fits(self):
        Table({"lens_q": [0.5]}).write(self.folder / "joint.fits")
        text = edited(SMALL, "  lens_q: {uniform: [0.6, 1.0]}\n", "  joint_tables:\n    "
                      "shapes: {file: joint.fits, columns: [lens_q]}\n")
        config = self.write("small.yaml", text)
        run = self.folder / "run"

        self.assert_ends(lensmill("run", config, "--output", run), 0)
        self.assertEqual(set(self.column("lens_q")), {0.5})


class PipesAndDevices(InputFiles):
    def test_configurations(self):
        os.mkfifo(self.folder / "pipe.yaml")
        for path in (self.folder / "pipe.yaml", "/dev/zero"):
            with self.subTest(path):
                self.assert_ends(lensmill("check", path), CONFIG,
                                 f"{path}: is a pipe or device, not a file")
        self.write("large.yaml", b"a: " + b"x" * 5000000)
        self.assert_ends(lensmill("check", self.folder / "large.yaml"), CONFIG,
                         "is larger than 4 MiB: no configuration")

    def test_catalogues_and_tables(self):
        os.mkfifo(self.folder / "rows.csv")
        for path in (self.folder / "rows.csv", "/dev/zero"):
            with self.subTest(path):
                self.refused(path, "catalogue.file.path", "is a pipe or device, not a file",
                             code=CONFIG)

    def test_a_table_without_line_ends(self):
        self.refused(self.write("rows.csv", b"lens_q\n" + b"1" * 3000000),
                     "line 2: is longer than 1048576 bytes: no line of a table")


class Words(InputFiles):
    def test_control_characters_are_written_out(self):
        text = edited(SMALL, "host: none", "host: \"\\e[31mred\\a\"")

        result = self.assert_ends(lensmill("check", self.write("small.yaml", text)),
                                  CONFIG, "\\x1b[31mred\\x07")
        self.assertNotIn("\x1b", result.stderr)

    def test_a_second_document_and_tags(self):
        config = self.write("small.yaml", SMALL + "---\nhost: none\n")
        line = len(SMALL.splitlines()) + 2
        self.assert_ends(lensmill("check", config), CONFIG,
                         f"small.yaml:{line}: a second YAML document")
        config = self.write("small.yaml", edited(SMALL, "seed: 7", "seed: !!int 7"))
        self.assert_ends(lensmill("check", config), CONFIG, "run.seed at ",
                         "small.yaml:2: has the YAML tag !!int")

    def test_what_nothing_gives_has_the_line_of_the_priors(self):
        config = self.write("small.yaml", edited(SMALL, "  src_reff_arcsec: 0.3\n", ""))
        line = SMALL.splitlines().index("priors:") + 1
        self.assert_ends(lensmill("check", config), CONFIG, f"small.yaml:{line}: "
                         "src_reff_arcsec: nothing gives it")

    def test_counts_that_would_overflow(self):
        config = self.write("small.yaml", SMALL)
        for count, says in (("9223372036854775807", "must be an integer in [1, "),
                            ("1000000000000000", "shards, at most 1,000,000 are possible")):
            with self.subTest(count):
                self.assert_ends(
                    lensmill("check", config, "--set", f"catalogue.sampled.count={count}"),
                    CONFIG, says)


class Int16(InputFiles):
    def test_steps_above_the_noise_are_said(self):
        text = edited(SMALL, "output: {", "output: {encoding: int16, ")
        bright = edited(text, "src_flux_nmgy_r: 10.0", "src_flux_nmgy_r: 100000.0")
        bright = edited(bright, "gain_e_per_nmgy: {r: 500}", "gain_e_per_nmgy: {r: 1e12}")
        says = "output.encoding int16: in 10 of 10 rows the steps are above half the noise"

        fine = lensmill("run", self.write("fine.yaml", text), "--output",
                        self.folder / "fine")
        self.assert_ends(fine, 0, absent=["steps are above"])
        coarse = lensmill("run", self.write("coarse.yaml", bright), "--output",
                          self.folder / "coarse")
        self.assert_ends(coarse, 0, says)


if __name__ == "__main__":
    unittest.main()
