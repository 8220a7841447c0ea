"""Tables and headers that were once read as something else: each is read right, or
refused with what is wrong."""

import unittest

import h5py
import numpy
from astropy.io import fits
from astropy.table import Table

from support import BAD_DATA, CONFIG, SMALL, Case, edited, lensmill, virtual_file

FIRST_ID = 39627700000000001  # beyond 2^53, as DESI's


def text_of(file):
    """Rows of a file, whose column PA is the lens's position angle."""
    return edited(edited(SMALL, "  lens_phi_rad: 0.0\n", ""), "  sampled: {count: 10}\n",
                  "  file: {" + file + ", conventions: {angle_zero: x, "
                  "angle_direction: counterclockwise}}\n")


def columns_of(more=""):
    return "columns: {lens_phi_rad: {column: PA, unit: rad}" + more + "}"


class Tables(Case):
    def rows_of(self, name, file):
        with h5py.File(virtual_file(self.make_run(name, text_of(file)))) as run:
            catalogue = {key: run["catalogue"][key][:]
                         for key in ("lens_phi_rad", "injection_id")}
            for key in run.get("catalogue/carried", ()):
                catalogue[key] = run["catalogue/carried"][key][:]
        return catalogue

    def refused(self, file, *pieces, code=BAD_DATA):
        config = self.write("run.yaml", text_of(file))
        self.assert_ends(lensmill("run", config, "--output", self.folder / "no"), code,
                         *pieces)

    def save(self, name, *columns, kind=fits.BinTableHDU, **cards):
        table = kind.from_columns([fits.Column(n, form, array=numpy.array(values))
                                   for n, form, values in columns])
        path = self.folder / name
        table.writeto(path, overwrite=True)
        # As bytes: astropy would scale the numbers and name the columns anew.
        for key, value in cards.items():
            raw = path.read_bytes()
            at = raw.find(f"{key:8}=".encode())
            card = f"{key:8}= {value}".ljust(80).encode()
            if at < 0:
                at = raw.rfind(b"END" + b" " * 77)
                raw = raw[:at] + card + raw[at:at + 80] + raw[at + 160:]
            else:
                raw = raw[:at] + card + raw[at + 80:]
            path.write_bytes(raw)

    def test_ascii_table(self):
        self.save("ascii.fits", ("PA", "F10.4", [0.1, 0.2]),
                  ("ID", "I20", [FIRST_ID, 7]), kind=fits.TableHDU)
        rows = self.rows_of("ascii", "path: ascii.fits, carry: [ID], " + columns_of())
        numpy.testing.assert_array_equal(rows["lens_phi_rad"], [0.1, 0.2])
        numpy.testing.assert_array_equal(rows["ID"], [FIRST_ID, 7])

    def test_columns_of_one_name(self):
        self.save("t.fits", ("PA", "D", [0.1]), ("pa", "D", [0.2]), ("x", "D", [0.3]),
                  TTYPE2="'pa      '")
        self.assertEqual(self.rows_of("upper", "path: t.fits, " + columns_of())
                         ["lens_phi_rad"], [0.1])
        self.refused("path: t.fits, " + columns_of().replace("PA", "Pa"),
                     "the column `Pa` may be any of PA, pa", code=CONFIG)
        self.save("t.fits", ("PA", "D", [0.1]), ("x", "D", [0.2]), TTYPE2="'PA      '")
        self.refused("path: t.fits, " + columns_of(),
                     "may be any of PA (TTYPE1), PA (TTYPE2); give them different names")

    def test_cuts_tell_large_ids_apart(self):
        ids = [FIRST_ID, FIRST_ID + 1, FIRST_ID + 2, 5]
        angles = [0.1, 0.2, 0.3, 0.4]
        self.save("t.fits", ("PA", "D", angles), ("ID", "K", ids))
        Table([angles, ids], names=["PA", "ID"]).write(self.folder / "t.csv")
        with h5py.File(self.folder / "t.h5", "w") as file:
            file["PA"], file["ID"] = angles, numpy.array(ids, "u8")
        for ending in ("fits", "csv", "h5"):
            file = (f"path: t.{ending}, carry: [ID], cuts: {{ID: [{ids[1]}, {ids[1]}]}}, "
                    + columns_of())
            rows = self.rows_of(ending, file)
            numpy.testing.assert_array_equal(rows["lens_phi_rad"], [0.2], ending)
            numpy.testing.assert_array_equal(rows["ID"], [ids[1]], ending)

    def test_scaled_ids(self):
        self.save("t.fits", ("PA", "D", [0.1, 0.2]), ("ID", "K", [2**60 + 1, 7]),
                  TZERO2="1000")
        rows = self.rows_of("scaled", "path: t.fits, carry: [ID], "
                            + columns_of(", injection_id: ID"))
        for name in ("ID", "injection_id"):
            self.assertEqual(sorted(rows[name]), [1007, 2**60 + 1001], name)
        self.save("t.fits", ("PA", "D", [0.1]), ("ID", "K", [2**62]), TSCAL2="2")
        self.refused("path: t.fits, carry: [ID], " + columns_of(),
                     "row 1: 4611686018427387904 times TSCAL (2)", "is beyond 64 bits")

    def test_files_of_several_tables(self):
        def table(values, name):
            return fits.BinTableHDU.from_columns([fits.Column("PA", "D", array=values)],
                                                 name=name)
        header = fits.BinTableHDU.from_columns(
            [fits.Column("Field Header Card", "80A", array=["x"])], name="LDAC_IMHEAD")
        fits.HDUList([fits.PrimaryHDU(), table([0.1], "A"), table([0.2], "B")]).writeto(
            self.folder / "two.fits")
        self.refused("path: two.fits, " + columns_of(),
                     "has 2 tables (HDU 1, A; HDU 2, B)", "Table.read(")
        fits.HDUList([fits.PrimaryHDU(), header, table([0.2], "LDAC_OBJECTS")]).writeto(
            self.folder / "ldac.fits")
        rows = self.rows_of("ldac", "path: ldac.fits, " + columns_of())
        self.assertEqual(rows["lens_phi_rad"], [0.2])


class NoiseMaps(Case):
    def warned(self, cards, piece):
        header = fits.Header(cards)
        fits.writeto(self.folder / "map.fits", numpy.full((40, 40), 0.02, "f4"), header,
                     overwrite=True)
        config = self.write("run.yaml", edited(
            SMALL, "  sky_sigma_nmgy: {r: 0.01}\n", "  invvar: {r: map.fits}\n"))
        result = self.assert_ends(lensmill("check", config), 0)
        text = " ".join((result.stdout + result.stderr).split())
        self.assertIn(piece, text)

    def test_what_its_header_says_it_is(self):
        self.warned({"BUNIT": "nanomaggy"}, "give a map of 1 / sigma^2 (nmgy^-2)")
        self.warned({"EXTNAME": "RMS"}, "its name (EXTNAME) is 'RMS'")
        self.warned({"CTYPE1": "RA---TAN", "CTYPE2": "DEC--TAN", "CD1_1": -1 / 3600,
                     "CD1_2": 0.0, "CD2_1": 0.0, "CD2_2": 1 / 3600},
                    "its pixels are 1.00000 arcsec by its WCS")


if __name__ == "__main__":
    unittest.main()
