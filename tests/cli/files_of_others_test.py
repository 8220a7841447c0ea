"""`lensmill check` on files that are another host's, field's or band's by their own word:
each is refused with the two statements that contradict each other."""

import unittest

import h5py
import numpy
from astropy.io import fits
from astropy.table import Table

from cutout_files_test import IDS, NOISE, SCALE_ARCSEC, SIDE, galaxy, wcs_cards
from planted_mistakes_test import TEXT
from psf_of_hosts_test import PSF, HostCase
from support import BAD_DATA, SMALL, Case, edited, lensmill

NAMES = [str(name) for name in IDS]
SWAPPED = [NAMES[2], NAMES[1], NAMES[0], *NAMES[3:]]
WEIGHT = "weight: {kind: invvar, extension: INVVAR}"
FILES = 'files: "cut/*.fits"'


class Checked:
    def check(self, *edits, text=TEXT):
        for old, new in edits:
            text = edited(text, old, new)
        return lensmill("check", self.write("run.yaml", text))

    def refused(self, result, *pieces):
        self.assert_ends(result, BAD_DATA)
        for piece in pieces:
            self.assertIn(piece, result.stderr)


class FilesOfOtherHosts(Checked, HostCase):
    def each(self, change):
        """Change the HDUs of every cutout."""
        for host, name in enumerate(NAMES):
            with fits.open(self.folder / "cut" / f"{name}.fits", mode="update") as file:
                change(host, file)

    def name_hosts(self, card="OBJID"):
        """Files without ids in their names: h0, h1, ...; ids by a card."""
        def put(host, file):
            for hdu in file:
                hdu.header[card] = IDS[host]
        self.each(put)
        for host, name in enumerate(NAMES):
            for kind in ("cut", "psf"):
                (self.folder / kind / f"{name}.fits").rename(
                    self.folder / kind / f"h{host}.fits")

    def write_beside(self, pattern, hdu):
        """A file for each host with one of its cutout's HDUs."""
        (self.folder / "beside").mkdir(exist_ok=True)
        for file in sorted((self.folder / "cut").glob("*.fits")):
            with fits.open(file) as hdus:
                fits.PrimaryHDU(hdus[hdu].data, hdus[hdu].header).writeto(
                    self.folder / "beside" / pattern.replace("*", file.stem))

    @staticmethod
    def listed(names, pattern):
        return "[" + ", ".join(f"beside/{pattern.replace('*', name)}"
                               for name in names) + "]"

    def test_weights_in_another_order(self):
        for pattern in ("*.fits", "iv_*-g.fits"):
            self.write_beside(pattern, 1)
            for accepted in ("", "\n    accept_header_mismatch: true"):
                result = self.check(
                    (WEIGHT, f"weight: {{kind: invvar, files: {self.listed(SWAPPED, pattern)}}}"
                     + accepted))
                self.assert_ends(result, 0 if accepted else BAD_DATA)
                self.assertIn("host.cutouts.weight.files: ", result.stderr)
                self.assertIn(f"is in the place of host 0 ({IDS[0]}), but has the name of "
                              f"host 2 ({IDS[2]})", result.stderr)
            right = self.check(
                (WEIGHT, f"weight: {{kind: invvar, files: {self.listed(NAMES, pattern)}}}"))
            self.assert_ends(right, 0)
            self.assertNotIn("in the place of", right.stderr)

    def test_masks_in_another_order(self):
        self.write_beside("*-m.fits", 2)
        self.refused(self.check(("{extension: MASKBITS,",
                                 f"{{files: {self.listed(SWAPPED, '*-m.fits')},")),
                     "host.cutouts.masks.bits.files: ", "has the name of host 2")

    def test_weights_of_another_object_by_their_cards(self):
        self.name_hosts()
        self.write_beside("*.fits", 1)
        names = [f"h{host}" for host in range(len(IDS))]
        for name, other in zip(names, [names[2], names[1], names[0], *names[3:]]):
            (self.folder / "beside" / f"{name}.fits").rename(
                self.folder / "beside" / f"of-{other}.fits")
        weight = (WEIGHT, 'weight: {kind: invvar, files: "beside/of-*.fits"}')
        for ids in ("", "\n    id_card: OBJID"):
            self.refused(self.check((FILES, FILES + ids), weight),
                         f"of-h0.fits, HDU 0: is of OBJID = {IDS[2]}", "was given for host 0")

    def test_psf_tables_in_another_order(self):
        self.name_hosts()
        order = [1, 0, 2, 3, 4, 5]
        shared = (HostCase.SHARED, f"  all: {PSF}, file_per_host: {{column: P, table: t.csv}}}}")
        ids = (FILES, FILES + "\n    id_card: OBJID")
        for column in ("OBJID", "objid", "TARGETID"):
            Table([[f"psf/h{host}.fits" for host in order], [IDS[host] for host in order]],
                  names=["P", column]).write(self.folder / "t.csv", overwrite=True)
            self.refused(self.check(shared, ids), "psf.g.file_per_host: ",
                         f"row 1 says {column} = {IDS[1]}, but is in the place of host 0 "
                         f"({IDS[0]})")
        accepted = (HostCase.SHARED, shared[1][:-1] + ", accept_other_ids: true}")
        self.assert_ends(self.check(accepted, ids), 0)
        Table([[f"psf/h{host}.fits" for host in range(6)], IDS, [7 * IDS[1]] * 6],
              names=["P", "OBJID", "ID"]).write(self.folder / "t.csv", overwrite=True)
        self.assert_ends(self.check(shared, ids), 0)

    def test_ids_of_a_table_that_are_not_the_headers(self):
        self.name_hosts()
        ids = [IDS[2], IDS[1], IDS[0], *IDS[3:]]
        by_table = (FILES, "files: {column: F, table: t.csv}\n    id_column: NAME")
        psf = (HostCase.SHARED, HostCase.SHARED)
        for column in ("OBJID", "name"):  # the header's card, or another name for it
            Table([[f"cut/h{host}.fits" for host in range(6)], ids],
                  names=["F", column]).write(self.folder / "t.csv", overwrite=True)
            self.refused(self.check((FILES, by_table[1].replace("NAME", column)), psf),
                         f"cut/h0.fits, HDU 0: is of OBJID = {IDS[0]} by its header, but was "
                         f"given for host 0 ({IDS[2]}); correct the table")
        Table([[f"cut/h{host}.fits" for host in range(6)], [f"{i:012d}" for i in IDS]],
              names=["F", "OBJID"]).write(self.folder / "t.csv", overwrite=True)
        self.assert_ends(self.check((FILES, by_table[1].replace("NAME", "OBJID")),
                                    (HostCase.SHARED, HostCase.SHARED[:-1]
                                     + ", accept_other_ids: true}")), 0)

    # ---- Bands ----

    def test_headers_that_name_two_bands(self):
        def change(_, file):
            for hdu in file[:2]:
                hdu.header["BANDS"] = "zrg"
        self.each(change)
        self.refused(self.check(), "HDU 0: its header says BANDS = 'zrg', but BAND0, ... = g, r, z",
                     "correct it, or state host.cutouts.band_order")
        stated = (FILES, FILES + "\n    band_order: [g, r, z]")
        self.refused(self.check(stated), "its header says BANDS = 'zrg'")
        self.assert_ends(self.check((FILES, stated[1] + "\n    accept_header_mismatch: true")), 0)

    def test_images_that_name_two_bands(self):
        for cards, names in ((("FILTER", "BAND"), "zrg"), (("FILTER", "EXTNAME"), "zrg")):
            for host, name in enumerate(NAMES):
                image, _, _ = galaxy(host)
                hdus = fits.HDUList([fits.PrimaryHDU()])
                for plane, band, other in zip(image, "grz", names):
                    hdus.append(fits.ImageHDU(plane))
                    hdus[-1].header.update(
                        {**wcs_cards(), cards[0]: f"{band} DECam SDSS c0001",
                         cards[1]: f"IMAGE_{other}" if cards[1] == "EXTNAME" else other})
                hdus.writeto(self.folder / "cut" / f"{name}.fits", overwrite=True)
            result = self.check((f"    {WEIGHT}\n", ""),
                                ("    invvar_includes_source_poisson: true\n", ""),
                                ("    masks: {bits: {extension: MASKBITS, bits: [BRIGHT, 4]}}\n",
                                 ""))
            self.refused(result, "HDU 1: its header says ", "FILTER = 'g DECam SDSS c0001'",
                         f"{cards[1]} = ")

    # ---- HDUs ----

    def test_a_weight_is_no_image_whatever_its_name(self):
        def change(_, file):
            file[1].header["IMAGETYP"] = "STD"
            file[1].data.fill(NOISE)
        self.each(change)
        result = self.check((WEIGHT, "weight: {kind: rms, extension: STD}"))
        self.assert_ends(result, 0)

    def test_an_image_is_not_its_own_weight(self):
        for extension in ("", "\n    extension: IMAGE"):
            result = self.check((FILES, FILES + extension),
                                (WEIGHT, "weight: {kind: rms, extension: IMAGE}"))
            self.refused(result, f"{NAMES[0]}.fits", "which is an image of the host"
                         if extension else "has no image of the sky")


class FieldsAndStacks(Checked, Case):
    SIDES = (60, 64)

    def write_survey(self, change=lambda header: None, kind="w.fits"):
        ny, nx = self.SIDES
        rng = numpy.random.default_rng(3)
        y, x = numpy.mgrid[:ny, :nx]
        image = 0.2 * numpy.exp(-0.5 * ((x - 32) ** 2 + (y - 30) ** 2) / 4)
        image += rng.normal(0, NOISE, image.shape)
        pixels = {"i.fits": image.astype("f4"),
                  "w.fits": numpy.full(image.shape, NOISE**-2, "f4"),
                  "m.fits": ((x < 3) & (y < 3)).astype("i2")}
        for name, values in pixels.items():
            header = fits.Header({**wcs_cards(), "CRPIX1": 32.5, "CRPIX2": 30.5})
            if name == kind:
                change(header)
            fits.writeto(self.folder / name, values, header, overwrite=True)

    SURVEY = edited(edited(SMALL, "host: none", """host:
  survey:
    r: {image: i.fits, units: nmgy, weight: {file: w.fits, kind: invvar},
        masks: {star: {file: m.fits}}}
    positions: {file: p.csv, columns: [x_pix, y_pix], frame: pixel}
    sky_subtracted: true
    weight_includes_source_poisson: true"""),
        "  sky_sigma_nmgy: {r: 0.01}\n", "")

    def test_weights_and_masks_of_another_field(self):
        self.write("p.csv", "x_pix,y_pix\n33,31\n")

        def shift(header):
            header["CRPIX1"] += 7

        def mirror(header):
            header["CD1_1"] *= -1

        def elsewhere(header):
            header["CRVAL1"] = 200.0

        def transpose(header):
            header["CD1_2"], header["CD1_1"] = header["CD1_1"], 0.0
            header["CD2_1"], header["CD2_2"] = header["CD2_2"], 0.0

        def without(header):
            header.clear()

        for kind, key in (("w.fits", "host.survey.r.weight"),
                          ("m.fits", "host.survey.r.masks.star")):
            for change in (shift, mirror, elsewhere, transpose):
                self.write_survey(change, kind)
                self.refused(self.check(text=self.SURVEY), f"{kind}, HDU 0: by its WCS it lies ",
                             "7.0 pix from" if change is shift else " pix from",
                             f"but {key} is taken pixel by pixel")
            accepted = self.check(("    sky_subtracted", "    accept_header_mismatch: true\n"
                                   "    sky_subtracted"), text=self.SURVEY)
            self.assert_ends(accepted, 0)
            self.assertIn("by its WCS it lies", accepted.stderr)
            self.write_survey(without, kind)  # says nothing
            self.assert_ends(self.check(text=self.SURVEY), 0)

    def test_a_stack_of_as_many_hosts_as_bands(self):
        stack = numpy.stack([galaxy(host)[0] for host in range(3)])
        text = edited(TEXT, FILES, "file: hosts.h5\n    dataset: images\n"
                                   f"    pixel_scale_arcsec: {SCALE_ARCSEC}")
        text = edited(text, f"    {WEIGHT}\n    invvar_includes_source_poisson: true\n"
                      "    masks: {bits: {extension: MASKBITS, bits: [BRIGHT, 4]}}\n"
                      "    min_valid_fraction: 0.5\n", "")
        psf = text[text.index("psf:"):text.index("noise:")]
        text = edited(text, "host, mask]", "host]")
        text = edited(text, psf, "psf: {all: {kind: gaussian, fwhm_arcsec: 1.0}}\n")
        weighted = edited(text, "    dataset: images\n", "    dataset: images\n    weight: {kind: "
                          "rms, dataset: rms}\n    invvar_includes_source_poisson: true\n")

        def write(images, on_file=None, on_weight=None):
            with h5py.File(self.folder / "hosts.h5", "w") as file:
                file["images"] = images
                file["rms"] = numpy.full(images.shape, NOISE, "f4")
                if on_file:
                    file.attrs["bands"] = list(on_file)
                if on_weight:
                    file["rms"].attrs["bands"] = list(on_weight)

        write(numpy.moveaxis(stack, 1, 0))
        self.refused(self.check(text=text), f"/images: has shape [3, 3, {SIDE}, {SIDE}], which "
                     "may be [n, band, y, x] or [band, n, y, x]", "attribute `bands`")
        write(stack, on_file="grz")
        self.assert_ends(self.check(text=weighted), 0)
        write(stack, on_file="grz", on_weight="zrg")
        self.refused(self.check(text=weighted), "/rms: its attribute `bands` names z, r, g, but "
                     "those of /images are g, r, z")
        write(stack[[0, 1, 2, 0]])  # four hosts
        self.assert_ends(self.check(text=text), 0)


if __name__ == "__main__":
    unittest.main()
