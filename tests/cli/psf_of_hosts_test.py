"""PSFs that are tied to their hosts: planted widths come back row by row, whatever the
order of rows, ranks and turns; what could be another host's is refused."""

import re
import unittest

import h5py
import numpy
from astropy.io import fits
from astropy.table import Table

from cutout_files_test import BANDS, IDS, TEXT, viewer_hdus
from psf_files_test import kernel as round_kernel
from psf_files_test import psfex_table, with_column
from support import BAD_DATA, CONFIG, SMALL, Case, contents, edited, lensmill, virtual_file

SIDE = 31
STRETCH = 1.15  # kernels are wider along x
FWHM_PER_SIGMA = 2.0 * numpy.sqrt(2.0 * numpy.log(2.0))
# The source is Gaussian, 0.23 pix wide: 0.009 in quadrature; the rest is single precision.
WIDTH_ERROR_PIX = 0.02
# Neighbouring hosts' kernels differ by more than this.
WIDTH_STEP_PIX = 0.25
PSF = "{kind: pixelised, includes_pixel: true, normalisation: unit, centring: keep"
POINT = [("theta_e_arcsec: 1.2", "theta_e_arcsec: 0.0"),
         ("src_x_arcsec: 0.2, src_y_arcsec: 0.1", "src_x_arcsec: 0.0, src_y_arcsec: 0.0"),
         ("src_reff_arcsec: 0.15", "src_reff_arcsec: 0.03"),
         ("src_sersic_n: 1.0", "src_sersic_n: 0.5"),
         ("count: 20", "count: 30")]


def fwhm_of(host, band):
    """Planted: of the geometric mean of the axes."""
    return 3.0 + WIDTH_STEP_PIX * host + 0.1 * BANDS.index(band)


def kernel(host, band):
    sigma = fwhm_of(host, band) / FWHM_PER_SIGMA
    y, x = numpy.mgrid[:SIDE, :SIDE] - SIDE // 2
    values = numpy.exp(-0.5 * ((x / sigma / STRETCH) ** 2 + (y / sigma * STRETCH) ** 2))
    return (values / values.sum()).astype("f4")


def coadd_psf(host, bands=BANDS, **cards):
    """As the coadd-psf service writes it: an HDU for each band."""
    hdus = [fits.PrimaryHDU(kernel(host, bands[0]))]
    hdus += [fits.ImageHDU(kernel(host, band)) for band in bands[1:]]
    for hdu, band in zip(hdus, bands):
        hdu.header["BAND"] = band
    hdus[0].header.update({"BANDS": bands, **cards})
    return fits.HDUList(hdus)


def text_with(psf, *edits):
    text = TEXT
    for old, new in [*POINT, *edits]:
        text = edited(text, old, new)
    return re.sub(r"psf:\n(  .*\n)+", f"psf:\n{psf}\n", text)


def widths(image):
    """FWHM along x and y of a light distribution about its middle."""
    image = image.astype("f8") / image.sum()
    y, x = numpy.mgrid[:image.shape[0], :image.shape[1]]
    return [FWHM_PER_SIGMA * numpy.sqrt((image * (axis - (image * axis).sum()) ** 2).sum())
            for axis in (x, y)]


class HostCase(Case):
    def setUp(self):
        super().setUp()
        for name in ("cut", "psf"):
            (self.folder / name).mkdir()
        for host, name in enumerate(IDS):
            viewer_hdus(host).writeto(self.folder / "cut" / f"{name}.fits")
            self.write_psf(host)

    def write_psf(self, host, source=None, **cards):
        coadd_psf(host if source is None else source, **cards).writeto(
            self.folder / "psf" / f"{IDS[host]}.fits", overwrite=True)

    def run_of(self, name, text, ranks=0):
        run = self.folder / name
        result = lensmill("run", self.write("run.yaml", text), "--output", run, ranks=ranks)
        self.assert_ends(result, 0)
        return run

    def refused(self, text, code, *pieces):
        result = lensmill("check", self.write("run.yaml", text))
        return self.assert_ends(result, code, *pieces)

    def wrong_hosts(self, run, planted=fwhm_of):
        """Hosts of which a row has another PSF than the planted one."""
        wrong = set()
        with h5py.File(virtual_file(run)) as file:
            hosts = file["catalogue/host_index"][:]
            turns = file["catalogue/host_rotation"][:]
            for band, name in enumerate(BANDS):
                for row, host in enumerate(hosts):
                    x, y = widths(file["images/arc"][row, band])
                    off = abs(numpy.sqrt(x * y) - planted(host, name))
                    if turns[row] % 2:
                        x, y = y, x
                    if off > WIDTH_ERROR_PIX or abs(x / y - STRETCH**2) > WIDTH_ERROR_PIX:
                        wrong.add(int(host))
            self.assertGreater(len(set(hosts)), 4)
            for name in BANDS:
                self.assertEqual(list(file[f"catalogue/psf_index_{name}"][:]), list(hosts))
        return wrong

    SHARED = f'  all: {PSF}, file_per_host: "psf/*.fits"}}'
    TURNED = ("    min_valid_fraction", "    random_rotation: true\n    min_valid_fraction")



class Kernels(HostCase):
    def test_each_row_has_its_hosts_kernel(self):
        text = text_with(self.SHARED, self.TURNED)

        run = self.run_of("one", text)
        other = self.run_of("three", text, ranks=3)

        self.assertEqual(self.wrong_hosts(run), set())
        self.assert_same_contents(contents(virtual_file(other)),
                                  contents(virtual_file(run)))
        self.assert_ends(lensmill("verify", run, "--sample", 8), 0)
        # Two files that are exchanged are seen by these numbers.
        self.write_psf(1, source=2)
        self.write_psf(2, source=1)
        self.assertEqual(self.wrong_hosts(self.run_of("swapped", text)), {1, 2})
        changed = lensmill("run", self.folder / "run.yaml", "--output", run, "--resume")
        self.assertNotEqual(changed.code, 0)
        self.assertIn("39627790.fits", changed.stderr)

    def test_a_list_and_columns_tie_the_same_kernels(self):
        files = [f"psf/{name}.fits" for name in IDS]
        listed = f"  all: {PSF}, file_per_host: [{', '.join(files)}]}}"
        self.assertEqual(self.wrong_hosts(self.run_of("list", text_with(listed))), set())

        order = [3, 0, 5, 1, 4, 2, 3]  # a table in another order, with a host twice
        Table([[f"cut/{IDS[h]}.fits" for h in order], [files[h] for h in order]],
              names=["cutout", "kernel"]).write(self.folder / "hosts.csv")
        by_column = text_with(
            f"  all: {PSF}, file_per_host: {{column: kernel}}}}",
            ('files: "cut/*.fits"', "files: {column: cutout, table: hosts.csv}"))
        run = self.run_of("column", by_column)
        with h5py.File(virtual_file(run)) as file:
            ids = {int(host): int(name) for host, name in
                   zip(file["catalogue/host_index"], file["catalogue/host_id"])}
        self.assertEqual(ids[0], IDS[3])
        self.assertEqual(self.wrong_hosts(
            run, lambda host, band: fwhm_of(IDS.index(ids[host]), band)), set())

        # The run's own catalogue names both, row by row.
        rows = "\n".join(f"cut/{IDS[h]}.fits,{files[h]}" for h in order)
        self.write("rows.csv", f"cutout,kernel\n{rows}\n")
        of_rows = text_with(f"  all: {PSF}, file_per_host: {{column: kernel}}}}",
                            ('files: "cut/*.fits"', "files: {column: cutout}"))
        run = self.run_of("rows", edited(of_rows, "sampled: {count: 30}",
                                         "file: {path: rows.csv}"))
        self.assertEqual(self.wrong_hosts(
            run, lambda host, band: fwhm_of(IDS.index(ids[host]), band)), set())

        swapped = [files[1], files[0], *files[2:]]
        self.refused(text_with(f"  all: {PSF}, file_per_host: [{', '.join(swapped)}]}}"),
                     BAD_DATA, "39627790.fits is in the place of host 0 (39627788)",
                     "has the name of host 1")

    def test_cubes_in_the_hosts_order(self):
        psf = "\n".join(f"  {band}: {PSF}, file: {band}.fits, plane: host}}"
                        for band in BANDS)
        for band in BANDS:
            cube = numpy.stack([kernel(host, band) for host in range(len(IDS))])
            fits.PrimaryHDU(cube).writeto(self.folder / f"{band}.fits")
        self.assertEqual(self.wrong_hosts(self.run_of("cube", text_with(psf))), set())

        with h5py.File(self.folder / "psf.h5", "w") as file:
            for band in BANDS:
                file[band] = numpy.stack([kernel(h, band) for h in range(len(IDS))])
            file["id"] = IDS
            file["other"] = IDS[::-1]
        psf = "\n".join(f"  {band}: {PSF}, file: psf.h5, dataset: {band}, plane: host, "
                        f"id_dataset: id}}" for band in BANDS)
        self.assertEqual(self.wrong_hosts(self.run_of("hdf5", text_with(psf))), set())
        self.refused(text_with(psf.replace("id_dataset: id", "id_dataset: other")),
                     BAD_DATA, "39633014 for kernel 0, which is host 0 (39627788)'s")
        fits.PrimaryHDU(cube[:5]).writeto(self.folder / "g.fits", overwrite=True)
        psf = "\n".join(f"  {band}: {PSF}, file: {band}.fits, plane: host}}"
                        for band in BANDS)
        self.refused(text_with(psf), BAD_DATA, "contains 5 kernels for 6 hosts")

    def test_what_is_not_the_hosts_is_refused(self):
        text = text_with(self.SHARED)
        path = self.folder / "psf" / f"{IDS[2]}.fits"
        path.unlink()
        self.refused(text, BAD_DATA, "psf.g.file_per_host: 1 of 6 hosts have no file there",
                     f"host 2 ({IDS[2]}): ", path, "leave these hosts out")
        self.write_psf(2, bands="gr")
        self.refused(text, BAD_DATA, f"host 2 ({IDS[2]}): {path}: has no band z (it has g, r)",
                     "(psf.z.file_per_host: correct these files, or leave their hosts out")
        for card, value in (("OBJECT", str(IDS[4])), ("TARGETID", IDS[4])):
            self.write_psf(2, **{card: value})
            self.refused(text, BAD_DATA, f"is of {card} = {IDS[4]} by its header, but was "
                                         f"given for host 2 ({IDS[2]})")
        accepted = text_with(self.SHARED.replace("}", ", accept_other_ids: true}"))
        self.refused(accepted, 0)
        self.write_psf(2, OBJNAME="somebody")
        named = text_with(self.SHARED.replace("}", ", id_card: OBJNAME}"))
        self.refused(named, BAD_DATA, "is of OBJNAME = somebody")
        self.write_psf(2, PIXSCALE=0.45)
        self.refused(text, BAD_DATA, f"host 2 ({IDS[2]}): psf.g", "PIXSCALE 0.45")

    def test_planes_need_their_bands(self):
        for host, name in enumerate(IDS):
            fits.PrimaryHDU(numpy.stack([kernel(host, band) for band in BANDS])).writeto(
                self.folder / "psf" / f"{name}.fits", overwrite=True)
        text = text_with(self.SHARED)
        self.refused(text, BAD_DATA, "does not say which band its 3 planes are",
                     "psf.g.band_order")
        ordered = text_with(self.SHARED.replace("}", ", band_order: [g, r, z]}"))
        self.assertEqual(self.wrong_hosts(self.run_of("order", ordered)), set())
        for name in IDS:
            fits.PrimaryHDU(kernel(0, "g")).writeto(
                self.folder / "psf" / f"{name}.fits", overwrite=True)
        self.refused(text, CONFIG, "psf.g.file_per_host, psf.r.file_per_host: both bands "
                                   "take the same image")

    def test_the_worst_kernels_are_listed_by_host(self):
        for host, shift in ((4, 0.3), (1, 0.2)):
            hdus = coadd_psf(host)
            hdus[1].data = round_kernel(SIDE, 4.0, peak=SIDE // 2 + shift).astype("f4")
            hdus.writeto(self.folder / "psf" / f"{IDS[host]}.fits", overwrite=True)
        hdus = coadd_psf(3)
        hdus[2].data = round_kernel(SIDE, 1.8).astype("f4")
        hdus.writeto(self.folder / "psf" / f"{IDS[3]}.fits", overwrite=True)

        result = self.refused(text_with(self.SHARED), 0)

        table = result.stdout[result.stdout.index("PSF kernels r: 6;"):].splitlines()
        # Off by 0.3 and 0.2 along x and y; the width is that of the highest sample.
        self.assertRegex(table[2], rf" 0\.424   1\.0000      4\.\d+  host 4 \({IDS[4]}\)")
        self.assertRegex(table[3], rf" 0\.283   1\.0000      4\.\d+  host 1 \({IDS[1]}\)")
        self.assertIn(f"PSF z: host 3 ({IDS[3]})", result.stdout)
        self.assertIn("is it this host's", result.stdout)
        hdus = coadd_psf(5)
        hdus[0].data = numpy.roll(hdus[0].data, 1, axis=0)
        hdus.writeto(self.folder / "psf" / f"{IDS[5]}.fits", overwrite=True)
        failed = self.refused(text_with(self.SHARED), CONFIG)
        self.assertIn(f"host 5 ({IDS[5]})", failed.stdout)

    def test_rows_may_repeat_their_hosts_kernel_and_not_contradict_it(self):
        rows = self.write("rows.csv", "host_index,psf_index_g\n3,3\n5,5\n")
        text = edited(text_with(self.SHARED), "sampled: {count: 30}",
                      "file: {path: rows.csv}")
        self.refused(text, 0)
        rows.write_text("host_index,psf_index_g\n3,3\n5,4\n")
        self.refused(text, BAD_DATA, "psf_index_g must be 5, as of its host 5 (got 4)")


class SurveyHosts(Case):
    """The table of the positions says whose a file is, also where cuts leave rows out."""

    def test_rows_that_cuts_leave_out_count_for_nothing(self):
        rng = numpy.random.default_rng(1)
        fits.PrimaryHDU(rng.normal(0, 0.01, (120, 120)).astype("f4")).writeto(
            self.folder / "sky.fits")
        fwhms = [3.0, 3.5, 4.0, 4.5]
        for k, fwhm in enumerate(fwhms):
            fits.PrimaryHDU(round_kernel(SIDE, fwhm)).writeto(self.folder / f"k{k}.fits")
        self.write("positions.csv", "x_pix,y_pix,keep,kernel\n40,40,1,k3.fits\n"
                                    "50,60,0,k0.fits\n70,60,1,k1.fits\n80,80,1,k2.fits\n")
        text = SMALL
        for old, new in (
                ("host: none", "host: {survey: {r: {image: sky.fits, units: nmgy}, positions: "
                               "{file: positions.csv, cuts: {keep: [1, 1]}}, sky_subtracted: "
                               "true}}"),
                ("  sky_sigma_nmgy: {r: 0.01}\n", ""), ("stamp_size_pix: 16", "stamp_size_pix: 32"),
                ("theta_e_arcsec: 1.2", "theta_e_arcsec: 0.0"),
                ("src_offset: {disc: {radius_over_theta_e: 0.8}}",
                 "src_x_arcsec: 0.0\n  src_y_arcsec: 0.0"),
                ("src_reff_arcsec: 0.3", "src_reff_arcsec: 0.03"),
                ("src_sersic_n: 1.0", "src_sersic_n: 0.5"),
                ("{kind: gaussian, fwhm_pix: 4.0}",
                 f"{PSF}, file_per_host: {{column: kernel}}}}")):
            text = edited(text, old, new)

        run = self.make_run("survey", text)

        with h5py.File(virtual_file(run)) as file:
            hosts = file["catalogue/host_index"][:]
            self.assertEqual(set(hosts), {0, 1, 2})
            for row, host in enumerate(hosts):
                width = widths(file["images/arc"][row, 0])[0]
                self.assertAlmostEqual(width, fwhms[[3, 1, 2][host]], delta=0.02)
        listed = edited(text, "{column: kernel}", "[k3.fits, k0.fits, k1.fits, k2.fits]")
        result = lensmill("check", self.write("run.yaml", listed))
        self.assert_ends(result, BAD_DATA, "names 4 files for 3 hosts")


class Shared(HostCase):
    """`psf.all`."""

    def resolved(self, psf):
        text = text_with(psf)
        return lensmill("check", self.write("run.yaml", text))

    def test_bands_win(self):
        result = self.assert_ends(self.resolved(
            "  all: {kind: moffat, beta: {uniform: [2.5, 4.0]}, fwhm_arcsec: 1.2, q: 0.9}\n"
            "  z: {fwhm_pix: 4.0, q: 0.8}"), 0)
        psf = result.stdout[result.stdout.index("\npsf:"):result.stdout.index("\nrender:")]
        self.assertEqual(psf.count("beta:"), 1)
        self.assertEqual(psf.count("fwhm_arcsec: 1.2"), 2)
        self.assertEqual(psf.count("q: 0.9"), 2)
        self.assertIn("fwhm_pix: 4", psf)
        self.assertIn("q: 0.8", psf)
        self.assertNotIn("all", psf)

    def test_messages_name_the_line(self):
        line = TEXT[:TEXT.index("psf:\n")].count("\n") + 2
        result = self.resolved("  all: {kind: moffat, beta: 3.0,\n    fwhm_arcsec: -1.2}")
        self.assert_ends(result, CONFIG, f"run.yaml:{line + 1}: must be")
        result = self.resolved("  all: {kind: gaussian, fwhm_arcsec: 1.2, hdu: 0}\n"
                               "  g: {fwhm_arcsecs: 1}")
        self.assert_ends(result, CONFIG, "psf.all.hdu at", f"run.yaml:{line}: cannot be shared",
                         "psf.g.fwhm_arcsecs")
        result = self.resolved("  all: {kind: gaussian, fwhm_arcsec: {uniform: [1, 2]}}")
        self.assert_ends(result, CONFIG, "psf.all.fwhm_arcsec", "drawn for each band")


class Models(HostCase):
    """PSFEx: a model for each host, or each host's CCD."""

    def psfex(self, more):
        return (f"  all: {{kind: psfex, {more}, normalisation: unit, centring: keep}}")

    def width_of_rows(self, run):
        with h5py.File(virtual_file(run)) as file:
            return [(int(host), widths(file["images/arc"][row, 1])[0])
                    for row, host in enumerate(file["catalogue/host_index"])]

    def test_the_model_of_the_hosts_ccd(self):
        widths_of = {"N1": 3.0, "N2": 4.0, "S10": 5.0}
        ccds = ["S10", "N1", "N1", "N2", "S10", "N2"]
        table = with_column(psfex_table(list(widths_of.values())), "CCDNAME",
                            list(widths_of))
        fits.HDUList([fits.PrimaryHDU(), table]).writeto(self.folder / "merged.fits")
        Table([ccds, [100.0] * 6, [200.0] * 5 + [9000.0]], names=["ccd", "x", "y"]).write(
            self.folder / "hosts.csv")
        psf = self.psfex("file: merged.fits, ccdname: {column: ccd, table: hosts.csv}, "
                         "position: {columns: [x, y], table: hosts.csv}")

        run = self.run_of("ccd", text_with(psf, ("seed: 1}", "seed: 1, "
                                                 "max_failed_fraction: 0.9}")))

        with h5py.File(virtual_file(run)) as file:
            hosts, status = file["catalogue/host_index"][:], file["measurements/status"][:]
            self.assertEqual(set(file["catalogue/psf_x_pix_r"][:]), {100.0})
            index = file["catalogue/psf_index_r"][:]
        # Host 5 is far off its CCD.
        self.assertEqual(set(status[hosts == 5]), {15})
        self.assertEqual(set(status[hosts != 5]), {2})  # not lensed
        for row, (host, width) in enumerate(self.width_of_rows(run)):
            self.assertEqual(index[row], {"S10": 0, "N1": 1, "N2": 2}[ccds[host]])
            if host == 5:
                continue
            self.assertAlmostEqual(width, widths_of[ccds[host]], delta=0.05, msg=host)
        check = self.refused(text_with(psf, ("seed: 1}", "seed: 1, "
                                             "max_failed_fraction: 0.9}")), 0)
        self.assertIn(f"by more than 0.1 POLSCAL (host 5 ({IDS[5]}))", check.stdout)
        self.refused(text_with(psf.replace("ccdname: {column: ccd", "ccdname: {column: x")),
                     BAD_DATA)
        sky = Table([ccds, [150.0] * 6, [2.0] * 6], names=["ccd", "ra", "dec"],
                    units=[None, "deg", "deg"])
        sky.write(self.folder / "sky.fits")
        self.refused(text_with(psf.replace("[x, y], table: hosts.csv",
                                           "[ra, dec], table: sky.fits")),
                     BAD_DATA, ".position.columns: ", "column `ra` has the unit `deg`")
        self.refused(text_with(self.psfex("file: merged.fits, position: [1, 1]")), CONFIG,
                     "contains 3 PSFEx models", "CCDNAME N1", "`hdu`, `ccdname` or `row`")

    def test_a_model_for_each_host(self):
        for host, name in enumerate(IDS):
            fits.HDUList([fits.PrimaryHDU(), psfex_table([3.0 + 0.3 * host])]).writeto(
                self.folder / "psf" / f"{name}.fits", overwrite=True)
        psf = self.psfex('file_per_host: "psf/*.fits", position: [1000, 2000]')

        run = self.run_of("models", text_with(psf))

        for host, width in self.width_of_rows(run):
            self.assertAlmostEqual(width, 3.0 + 0.3 * host, delta=0.05)
        self.assert_ends(lensmill("verify", run, "--sample", 5), 0)


if __name__ == "__main__":
    unittest.main()
