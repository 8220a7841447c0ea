"""What the tests of `lensmill field` share: a small field, its files, input files."""

import h5py
import numpy
from astropy.io import fits
from astropy.wcs import WCS

from support import SMALL, Case, edited, lensmill

# Of 32 pixels: they contain the arcs' light.
STAMPS = edited(edited(SMALL, "stamp_size_pix: 16", "stamp_size_pix: 32"),
                "count: 10", "count: 12")
FIELD = STAMPS + """\
field:
  size_pix: [230, 190]
  positions: {grid: {spacing_pix: 45, jitter_pix: 4}}
"""
MASK_INJECTED, MASK_CORE, MASK_NO_DATA = 1, 2, 4
OFF_IMAGE, EDGE, LEFT_OUT, NEIGHBOUR, SAME_PLACE, PSF_RANGE, NO_DATA, AVOIDED = (
    1 << bit for bit in range(8))


def band(folder, name="r"):
    return h5py.File(folder / "bands" / f"{name}.h5", "r")


def truth(folder):
    return fits.getdata(folder / "truth.fits", "INJECTIONS")


class FieldCase(Case):
    def make_field(self, name, text=FIELD, *options, ranks=0, code=0, pieces=()):
        config = self.write(f"{name}.yaml", text)
        folder = self.folder / name
        result = lensmill("field", config, "--output", folder, *options, ranks=ranks)
        self.assert_ends(result, code, *pieces)
        return folder

    def table(self, name, rows, header="x,y"):
        return self.write(name, header + "\n" + "\n".join(
            ",".join(str(value) for value in row) for row in rows) + "\n")

    def at(self, rows, frame="pixel", size="[230, 190]", extra=""):
        """A field of injections at stated places (counted from 1)."""
        self.table("places.csv", rows)
        return STAMPS.replace("count: 12", f"count: {len(rows)}") + f"""\
field:
  size_pix: {size}
  positions: {{file: places.csv, columns: [x, y], frame: {frame}{extra}}}
"""

    def psfex_model(self, name, zero, scale):
        """A Gaussian of sigma 1.7 pix that grows by 0.25 sigma over POLSCAL in x."""
        y, x = numpy.mgrid[-12:13, -12:13]
        r2 = (x * x + y * y) / 1.7 ** 2
        gaussian = numpy.exp(-r2 / 2) / (2 * numpy.pi * 1.7 ** 2)
        basis = numpy.stack([gaussian, 0.25 * (r2 - 2) * gaussian, 0 * gaussian])
        table = fits.BinTableHDU.from_columns(
            [fits.Column("PSF_MASK", "1875E", dim="(25,25,3)", array=basis[None])],
            name="PSF_DATA")
        cards = dict(POLNAXIS=2, POLGRP1=1, POLNAME1="X_IMAGE", POLZERO1=zero[0],
                     POLSCAL1=scale, POLGRP2=1, POLNAME2="Y_IMAGE", POLZERO2=zero[1],
                     POLSCAL2=scale, POLNGRP=1, POLDEG1=1, PSF_FWHM=4.0, PSF_SAMP=1.0,
                     PSFNAXIS=3, PSFAXIS1=25, PSFAXIS2=25, PSFAXIS3=3)
        for key, value in cards.items():
            table.header[key] = value
        table.writeto(self.folder / name, overwrite=True)

    def base(self):
        """A small survey image with sources, a hole and undefined pixels."""
        rng = numpy.random.default_rng(1)
        image = rng.normal(0, 0.02, (190, 230)).astype("f4")
        invvar = numpy.full(image.shape, 1 / 0.02 ** 2, "f4")
        invvar[:, 180:] = 0
        image[60:64, 60:64] = numpy.nan
        exposures = numpy.full(image.shape, 3, "f4")
        wcs = WCS(naxis=2)
        wcs.wcs.ctype = ["RA---TAN", "DEC--TAN"]
        wcs.wcs.crval, wcs.wcs.crpix = [10.0, -3.0], [100.0, 90.0]
        wcs.wcs.cdelt = [-0.262 / 3600, 0.262 / 3600]
        header = wcs.to_header()
        header["BUNIT"], header["MAGZERO"], header["SURVEY"] = "nanomaggy", 22.5, "test"
        fits.CompImageHDU(image, header, compression_type="GZIP_2",
                          quantize_level=0).writeto(self.folder / "image.fits.fz",
                                                    overwrite=True)
        fits.writeto(self.folder / "invvar.fits", invvar, header, overwrite=True)
        fits.writeto(self.folder / "nexp.fits", exposures, overwrite=True)
        return image, invvar, wcs

    def on_base(self, rows, extra=""):
        self.table("places.csv", rows, "ra,dec")
        return edited(STAMPS.replace("count: 12", f"count: {len(rows)}"),
                      "{r: 0.01}", "{r: 0.0}") + f"""\
field:
  base: {{r: {{image: image.fits.fz, invvar: invvar.fits, exposures: nexp.fits}}{extra}}}
  positions: {{file: places.csv, columns: [ra, dec]}}
"""
