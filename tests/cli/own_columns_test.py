"""Catalogues with the user's own columns, as the Legacy Surveys' Tractor has them: mapped
to the run's quantities, cut, carried into the output. Values are compared with numpy's
and astropy's own."""

import unittest

import h5py
import numpy
from astropy.io import fits
from astropy.table import MaskedColumn, Table
from astropy.wcs import WCS

from support import (BAD_DATA, CONFIG, SMALL, Case, contents, edited, lensmill,
                     virtual_file)

# A few operations on doubles of order 1 to 100.
ROUNDING = 1e-12
IDS = numpy.array([39627700000000001 + k for k in range(8)])  # beyond 2^53
TYPES = numpy.array(["DEV", "SER", "PSF", "REX", "SER", "DEV", "SER", "DEV"])
PRIMARY = numpy.array([True, True, True, True, False, True, True, True])
TAKEN = [0, 1, 5, 6]  # DEV or SER, primary, FLUX[1] in [1, 100]

MAPPED = """\
  file:
    path: tractor.fits
    columns:
      src_reff_arcsec: SHAPE_R
      src_e1: SHAPE_E1
      src_e2: shape_e2
      src_flux_nmgy_r: "FLUX[1]"
      lens_phi_rad: {column: PA, unit: deg}
    conventions:
      angle_zero: y
      angle_direction: counterclockwise
      ellipticity: (1-q)/(1+q)
      src_reff: major_axis
    cuts: {BRICK_PRIMARY: true, TYPE: [DEV, SER], "FLUX[1]": [1, 100]}
    carry: [TARGETID, UID, BRICKNAME, BRICK_PRIMARY, FLUX, RELEASE]
"""
TEXT = SMALL
for line in ("  lens_phi_rad: 0.0\n", "  src_reff_arcsec: 0.3\n", "  src_q: 0.7\n",
             "  src_phi_rad: 0.0\n", "  src_flux_nmgy_r: 10.0\n"):
    TEXT = edited(TEXT, line, "")
TEXT = edited(TEXT, "  sampled: {count: 10}\n", MAPPED)


def tractor():
    rng = numpy.random.default_rng(4)
    count = len(IDS)
    e, angle = rng.uniform(0.05, 0.5, count), rng.uniform(0, numpy.pi, count)
    table = Table({
        "RELEASE": numpy.full(count, 9010, "i4"),
        "TARGETID": IDS,
        "UID": numpy.array([2**63 + 7 + k for k in range(count)], "u8"),
        "BRICKNAME": [f"{k:04d}p05" for k in range(count)],
        "BRICK_PRIMARY": PRIMARY,
        "TYPE": TYPES,
        "SHAPE_R": rng.uniform(0.2, 0.6, count).astype("f4"),
        "SHAPE_E1": e * numpy.cos(2 * angle),
        "SHAPE_E2": e * numpy.sin(2 * angle),
        "PA": rng.uniform(0, 180, count),
        "MAG_R": rng.uniform(18, 20, count),
        "FLUX": rng.uniform(5, 50, (count, 3)).astype("f4"),
    })
    table["FLUX"][7, 1] = 0.5
    for name, unit in (("SHAPE_R", "arcsec"), ("PA", "deg"), ("MAG_R", "mag")):
        table[name].unit = unit
    return table


class OwnColumns(Case):
    def setUp(self):
        super().setUp()
        self.table = tractor()

    def save(self):
        path = self.folder / "tractor.fits"
        self.table.write(path, overwrite=True)
        # astropy knows no such unit of FITS, and leaves it out.
        fits.setval(path, f"TUNIT{self.table.colnames.index('FLUX') + 1}",
                    value="nanomaggy", ext=1)

    def refused(self, text, code, *pieces):
        self.save()
        config = self.write("run.yaml", text)
        return self.assert_ends(
            lensmill("run", config, "--output", self.folder / "no"), code, *pieces)


class Mapped(OwnColumns):
    def test_values_are_those_of_numpy(self):
        self.save()
        run = self.make_run("out", TEXT)
        e1, e2 = self.table["SHAPE_E1"][TAKEN].data, self.table["SHAPE_E2"][TAKEN].data
        q = (1 - numpy.hypot(e1, e2)) / (1 + numpy.hypot(e1, e2))
        flux = self.table["FLUX"][TAKEN].data[:, 1].astype("f8")
        reff = self.table["SHAPE_R"][TAKEN].data.astype("f8") * numpy.sqrt(q)
        expected = {
            "src_q": q,
            "src_phi_rad": 0.5 * numpy.arctan2(e2, e1) + numpy.pi / 2,
            "src_reff_arcsec": reff,
            "src_flux_nmgy_r": flux,
            "lens_phi_rad": numpy.deg2rad(self.table["PA"][TAKEN].data) + numpy.pi / 2,
        }
        with h5py.File(virtual_file(run)) as file:
            for name, values in expected.items():
                numpy.testing.assert_allclose(file["catalogue"][name][:], values,
                                              rtol=ROUNDING, err_msg=name)

    def test_carried_columns_are_the_files(self):
        self.save()
        run = self.make_run("out", TEXT)
        with h5py.File(virtual_file(run)) as file:
            carried = file["catalogue/carried"]
            self.assertEqual(sorted(carried), ["BRICKNAME", "BRICK_PRIMARY", "FLUX",
                                               "RELEASE", "TARGETID", "UID"])
            for name, kind in (("TARGETID", "<i8"), ("UID", "<u8"), ("RELEASE", "<i4"),
                               ("FLUX", "<f4"), ("BRICK_PRIMARY", "|u1")):
                self.assertEqual(carried[name].dtype.str, kind, name)
                numpy.testing.assert_array_equal(carried[name][:],
                                                 self.table[name][TAKEN].data)
            self.assertEqual([name.decode() for name in carried["BRICKNAME"][:]],
                             list(self.table["BRICKNAME"][TAKEN]))
            self.assertEqual(carried["FLUX"].attrs["unit"], "nanomaggy")
            self.assertIn("TARGETID", carried["TARGETID"].attrs["description"])
        self.assert_ends(lensmill("verify", run, "--sample", 4), 0)
        out = self.folder / "row.fits"
        self.assert_ends(lensmill("extract", run, "--id", 2, "--fits", out), 0)
        header = fits.getheader(out)
        self.assertEqual(header["carried_TARGETID"], IDS[5])
        self.assertEqual(int(header["carried_UID"]), 2**63 + 12)
        self.assertEqual(header["carried_BRICKNAME"], "0005p05")

    def test_same_bytes_at_any_rank_count_and_after_a_stop(self):
        self.save()
        text = edited(TEXT, "rows_per_shard: 64", "rows_per_shard: 2")
        one = self.make_run("one", text)
        two = self.make_run("two", text, ranks=3)
        self.assert_same_contents(contents(virtual_file(two)), contents(virtual_file(one)))
        (one / "shards/shard-000001.h5").unlink()
        self.make_run("one", text, "--resume")
        self.assert_same_contents(contents(virtual_file(one)), contents(virtual_file(two)))
        other = self.write("one.yaml", edited(text, "TARGETID, UID", "TARGETID"))
        (one / "shards/shard-000001.h5").unlink()
        self.assert_ends(lensmill("run", other, "--output", one, "--resume"), CONFIG,
                         "carry")

    def test_text_and_hdf5_give_the_same(self):
        self.save()
        run = self.make_run("fits", TEXT)
        expected = contents(virtual_file(run))
        with h5py.File(self.folder / "t.h5", "w") as file:
            for name in self.table.colnames:
                values = self.table[name].data
                if values.dtype.kind == "U":
                    values = numpy.char.encode(values)
                file[name] = values
                if self.table[name].unit:
                    file[name].attrs["unit"] = str(self.table[name].unit)
            file["FLUX"].attrs["unit"] = "nanomaggy"
        hdf5 = self.make_run("hdf5", edited(TEXT, "tractor.fits", "t.h5"))
        self.assert_same_contents(contents(virtual_file(hdf5)), expected)

        table = self.table.copy()
        for k in range(3):
            table[f"F{k}"] = table["FLUX"].data[:, k].astype("f8")
        table["SHAPE_R"] = table["SHAPE_R"].astype("f8")
        table.remove_column("FLUX")
        for delimiter, name in (("\t", "t.tsv"), (";", "t.csv"), (" ", "t.txt")):
            table.write(self.folder / name, format="ascii.csv", delimiter=delimiter)
            text = TEXT.replace("FLUX[1]", "F1").replace("FLUX, ", "")
            text = edited(text, "src_reff_arcsec: SHAPE_R",
                          "src_reff_arcsec: {column: SHAPE_R, unit: arcsec}")
            text = edited(text, 'src_flux_nmgy_r: "F1"',
                          "src_flux_nmgy_r: {column: F1, unit: nmgy}")
            run = self.make_run("text", edited(text, "tractor.fits", name), "--overwrite")
            found = contents(virtual_file(run))
            for path, (kind, shape, data) in found.items():
                if path.startswith("catalogue/carried") or "FLUX" in path:
                    continue
                self.assertEqual((kind, shape, data), expected[path], path)
            with h5py.File(virtual_file(run)) as file:
                carried = file["catalogue/carried"]
                numpy.testing.assert_array_equal(carried["TARGETID"][:], IDS[TAKEN])
                self.assertEqual(carried["UID"].dtype.str, "<u8")
                numpy.testing.assert_array_equal(carried["UID"][:],
                                                 self.table["UID"][TAKEN].data)
                self.assertEqual(carried["BRICKNAME"][0], b"0000p05")

    def test_a_magnitude_with_its_zero_point_is_a_flux(self):
        self.save()
        text = edited(TEXT, '"FLUX[1]"\n', "{column: MAG_R, zero_point_mag: 22.5}\n")
        run = self.make_run("out", text)
        with h5py.File(virtual_file(run)) as file:
            numpy.testing.assert_allclose(
                file["catalogue/src_flux_nmgy_r"][:],
                10 ** (0.4 * (22.5 - self.table["MAG_R"][TAKEN].data)), rtol=ROUNDING)

    def test_the_plain_form_carries_too(self):
        self.write("plain.csv", "lens_q,TARGETID,note\n0.6,39627700000000001,a\n"
                                "0.7,39627700000000003,bc\n")
        text = edited(SMALL, "sampled: {count: 10}",
                      "file: {path: plain.csv, carry: [TARGETID, note]}")
        text = edited(text, "  lens_q: {uniform: [0.6, 1.0]}\n", "")
        run = self.make_run("out", text)
        with h5py.File(virtual_file(run)) as file:
            self.assertEqual(list(file["catalogue/carried/TARGETID"][:]),
                             [39627700000000001, 39627700000000003])
            self.assertEqual(list(file["catalogue/carried/note"][:]), [b"a", b"bc"])


class JointTables(OwnColumns):
    def test_priors_from_a_table_of_other_columns(self):
        self.save()
        text = edited(SMALL, "  src_q: 0.7\n  src_phi_rad: 0.0\n", """\
  joint_tables:
    shapes:
      file: tractor.fits
      columns: {src_e1: SHAPE_E1, src_e2: SHAPE_E2}
      conventions: {angle_zero: x, angle_direction: counterclockwise,
                    ellipticity: (1-q)/(1+q)}
      cuts: {TYPE: SER}
""")
        for ranks in (0, 2):
            run = self.make_run(f"out{ranks}", text, ranks=ranks)
            e = numpy.hypot(self.table["SHAPE_E1"].data, self.table["SHAPE_E2"].data)
            allowed = ((1 - e) / (1 + e))[TYPES == "SER"]
            with h5py.File(virtual_file(run)) as file:
                drawn = file["catalogue/src_q"][:]
            distance = numpy.abs(drawn[:, None] - allowed[None, :]).min(axis=1)
            self.assertLess(distance.max(), ROUNDING)
            self.assertGreater(len(set(drawn)), 1)

    def test_a_value_that_is_none_is_named_by_its_row(self):
        self.table["SHAPE_E1"][4] = numpy.nan
        text = edited(SMALL, "  src_q: 0.7\n  src_phi_rad: 0.0\n", """\
  joint_tables:
    shapes: {file: tractor.fits, columns: {src_e1: SHAPE_E1, src_e2: SHAPE_E2},
             conventions: {angle_zero: north, ellipticity: (1-q)/(1+q)}}
""")
        self.refused(text, CONFIG, "row 5: src_q (column `SHAPE_E1`, `SHAPE_E2`) must be "
                     "finite", "angle_zero: north needs the row's host")


class Refused(OwnColumns):
    def test_what_the_configuration_says_wrongly(self):
        for old, new, pieces in (
                ("PA, unit: deg", "PA, unit: rad",
                 ("the file says that `PA` is in `deg`, the mapping says `rad`",)),
                ('"FLUX[1]"\n', "MAG_R\n",
                 ("`MAG_R` is a magnitude", "zero_point_mag: 22.5")),
                ("SHAPE_R\n", "SHAPER\n",
                 ("catalogue.file.columns.src_reff_arcsec at", "no column `SHAPER`",
                  "did you mean `SHAPE_R`?")),
                ("SHAPE_R\n", "TYPE\n",
                 ("column `TYPE` contains text, but one number in each row is needed",)),
                ('"FLUX[1]"\n', "FLUX\n",
                 ("column `FLUX` contains 3 numbers in each row",
                  "`FLUX[0]` ... `FLUX[2]`")),
                ('"FLUX[1]"\n', '"FLUX[3]"\n', ("contains 3 numbers in each row",)),
                ("SHAPE_R\n", "SHAPE_E1\n", ("in what unit is `SHAPE_E1`",)),
                ("      angle_zero: y\n", "",
                 ("conventions.angle_zero", "required with src_e1, src_e2, lens_phi_rad",
                  "x or y or north")),
                ("      src_reff: major_axis\n", "",
                 ("conventions.src_reff", "circularised or major_axis")),
                ("      ellipticity: (1-q)/(1+q)\n", "", ("conventions.ellipticity",)),
                ("src_e1: SHAPE_E1", "src_e3: SHAPE_E1", ("unknown quantity",)),
                ("      src_e1: SHAPE_E1\n", "", ("src_e1 is missing beside it",)),
                ("TARGETID, UID", "TARGETIDS", ("did you mean `TARGETID`?",)),
                ("TARGETID, UID", "TARGETID, targetid", ("is there twice",)),
                ("TARGETID, UID", "lens_q", ("a column of lensmill's own",)),
                ("TYPE: [DEV, SER]", "TYPE: [1, 2]",
                 ("column `TYPE` contains text", "a list of texts")),
                ("TYPE: [DEV, SER]", "RELEASE: 9010",
                 ("catalogue.file.cuts.RELEASE at", "must be a list")),
                ("BRICK_PRIMARY: true", "BRICK_PRIMARY: [0, 1]", ("true or false",)),
                ("angle_zero: y\n      angle_direction: counterclockwise",
                 "angle_zero: north",
                 ("north is taken from the hosts' WCS", "say angle_zero: y"))):
            with self.subTest(new=new):
                self.refused(edited(TEXT, old, new), CONFIG, *pieces)

    def test_what_the_file_says_wrongly(self):
        plants = {
            "SHAPE_E1": (1.5, "row 6: |e| must be below 1 (got 1."),
            "PA": (numpy.nan, "row 6: lens_phi_rad (column `PA`) must be finite (got nan)"),
            "SHAPE_R": (-1.0, "row 6: src_reff_arcsec (column `SHAPE_R`) must be in"),
        }
        for name, (value, says) in plants.items():
            with self.subTest(name):
                self.table = tractor()
                self.table[name][5] = value
                self.refused(TEXT, BAD_DATA, says)

    def test_a_masked_value(self):
        self.table["SHAPE_R"] = MaskedColumn([1, 1, 1, 1, 1, 2, 1, 1],
                                             mask=[False] * 5 + [True] + [False] * 2,
                                             unit="arcsec", fill_value=-99)
        self.refused(TEXT, BAD_DATA,
                     "row 6: src_reff_arcsec (column `SHAPE_R`) must be finite (got nan)")

    def test_ids_that_are_rounded_already(self):
        self.table["TARGETID"] = IDS.astype("f8")
        self.refused(TEXT, BAD_DATA, "column `TARGETID` contains whole numbers as float64",
                     "64-bit integers or text")

    def test_cuts_that_leave_nothing(self):
        self.refused(edited(TEXT, "[DEV, SER]", "[DEVV]"), BAD_DATA,
                     "none of its 8 rows passes catalogue.file.cuts", "TYPE in [DEVV]: 0",
                     "no row has TYPE DEVV; there are DEV, PSF, REX, SER")

    def test_parquet(self):
        self.write("t.parquet", b"PAR1" + bytes(100) + b"PAR1")
        text = edited(TEXT, "tractor.fits", "t.parquet")
        self.refused(text, BAD_DATA, "is a Parquet file",
                     "python3 -m lensmill table-to-hdf5 ", "t.parquet ", "t.h5")
        table = edited(SMALL, "  src_q: 0.7\n", "  joint_tables: {t: {file: t.parquet, "
                       "columns: [src_q]}}\n")
        self.refused(table, CONFIG, "python3 -m lensmill table-to-hdf5 ")


class OnTheSky(Case):
    """North through east, by each host's own WCS."""

    def test_angles_follow_the_hosts(self):
        side, scale = 41, 0.262 / 3600
        y, x = numpy.mgrid[:side, :side] - side // 2
        rng = numpy.random.default_rng(1)
        rotations, parities = [0.0, 33.0, -120.0], [1, 1, -1]
        wcs = []
        for k, (turn, parity) in enumerate(zip(rotations, parities)):
            c, s = numpy.cos(numpy.deg2rad(turn)), numpy.sin(numpy.deg2rad(turn))
            w = WCS(naxis=2)
            w.wcs.ctype = "RA---TAN", "DEC--TAN"
            w.wcs.crval, w.wcs.crpix = (150.0, 40.0), (21.0, 21.0)
            w.wcs.cd = scale * numpy.array([[-parity * c, parity * s], [s, c]])
            wcs.append(w)
            image = 2 * numpy.exp(-numpy.hypot(x, y) / 2) + rng.normal(0, 0.02, x.shape)
            hdu = fits.PrimaryHDU(image.astype("f4"), header=w.to_header())
            hdu.header["BAND"] = "r"
            hdu.writeto(self.folder / f"host{k}.fits")
        self.write("rows.csv", "cutout;pa\n" + "".join(
            f"host{k}.fits;{20 + 10 * k}\n" for k in range(3)))
        text = edited(SMALL, "stamp_size_pix: 16", "stamp_size_pix: 32")
        text = edited(text, "  lens_phi_rad: 0.0\n", "")
        text = edited(text, "sampled: {count: 10}",
                      "file: {path: rows.csv, columns: {lens_phi_rad: {column: pa, "
                      "unit: deg}}, conventions: {angle_zero: north}}")
        text = edited(text, "host: none", "host: {cutouts: {files: {column: cutout}, "
                      "units: nmgy}}")
        text = edited(text, "  sky_sigma_nmgy: {r: 0.01}\n", "")

        run = self.make_run("out", text)

        with h5py.File(virtual_file(run)) as file:
            phi = file["catalogue/lens_phi_rad"][:]
            host = file["catalogue/host_index"][:]
        for row in range(3):
            # Where a point at this position angle from the middle lies on the image.
            w, pa, step = wcs[host[row]], numpy.deg2rad(20 + 10 * row), 1e-4
            ra, dec = w.all_pix2world([[20.0, 20.0]], 0)[0]
            there = w.all_world2pix([[ra + step * numpy.sin(pa) / numpy.cos(
                numpy.deg2rad(dec)), dec + step * numpy.cos(pa)]], 0)[0] - 20.0
            turn = phi[row] - numpy.arctan2(there[1], there[0])
            # A step of 1.4 pixels on the sky is straight to some 1e-6.
            self.assertLess(abs(numpy.remainder(turn + 1, numpy.pi) - 1), 1e-5, row)

        turned = edited(text, "units: nmgy}", "units: nmgy, random_rotation: true}")
        config = self.write("turned.yaml", turned)
        self.assert_ends(lensmill("run", config, "--output", self.folder / "no"), CONFIG,
                         "turned or mirrored at random")
        for turn in ("host_rotation: 1", "host_flip: {choice: [0, 1]}"):
            config = self.write("turned.yaml", edited(text, "  lens_gamma: 2.0\n",
                                                      f"  lens_gamma: 2.0\n  {turn}\n"))
            self.assert_ends(lensmill("run", config, "--output", self.folder / "no"),
                             CONFIG, turn.split(":")[0] + " turns or mirrors the hosts")


if __name__ == "__main__":
    unittest.main()
