"""What the tests of `lensmill recover` share: a field's truth table made here, and the
matching, flags and intervals again by numpy, over all pairs."""

import json

import numpy
from astropy.io import fits
from astropy.table import Table
from astropy.wcs import WCS

from support import Case, lensmill

PIXEL_SCALE = 0.262
SIDE = 1200
BANDS = ("g", "r")
SNR_50, SLOPE = 12.0, 4.0
Z_90 = 1.6448536269514722
NONE, MATCHED, SHARED = 0, 1, 2
RADIUS = 1.0


def sky_of(x, y):
    """A tangential projection, as of a survey's brick."""
    wcs = WCS(naxis=2)
    wcs.wcs.ctype = ["RA---TAN", "DEC--TAN"]
    wcs.wcs.crval = [150.0, 2.2]
    wcs.wcs.crpix = [SIDE / 2 + 0.5, SIDE / 2 + 0.5]
    wcs.wcs.cdelt = [-PIXEL_SCALE / 3600, PIXEL_SCALE / 3600]
    return wcs.all_pix2world(x, y, 0)


def completeness_at(snr):
    return 1 / (1 + numpy.exp(-SLOPE * numpy.log(snr / SNR_50)))


def truth_columns(n, seed=1, wcs=True):
    random = numpy.random.default_rng(seed)
    x, y = random.uniform(10, SIDE - 10, (2, n))
    ra, dec = sky_of(x, y) if wcs else (numpy.full(n, numpy.nan),) * 2
    snr = numpy.exp(random.uniform(numpy.log(2), numpy.log(100), n))
    columns = {"injection_id": numpy.arange(n, dtype="i8") * 3 + 1000,
               "pass": numpy.zeros(n, "i4"), "status": numpy.zeros(n, "i4"),
               "x_pix": x, "y_pix": y, "ra_deg": ra, "dec_deg": dec,
               "theta_e_arcsec": random.uniform(0.5, 2.5, n)}
    for band in BANDS:
        columns[f"arc_flux_nmgy_{band}"] = random.uniform(1, 20, n)
        columns[f"arc_snr_{band}"] = snr * (1.0 if band == "r" else 0.5)
        columns[f"core_flux_fraction_{band}"] = random.uniform(0, 0.4, (n, 2))
        columns[f"psf_fwhm_arcsec_{band}"] = random.uniform(0.8, 1.6, n)
    return columns


def write_truth(folder, columns, **cards):
    folder.mkdir(exist_ok=True)
    table = fits.BinTableHDU(Table(columns), name="INJECTIONS")
    cards = {"PIXSCALE": PIXEL_SCALE, "NX": SIDE, "NY": SIDE, "BANDS": ",".join(BANDS),
             **cards}
    for name, value in cards.items():
        if value is not None:
            table.header[name] = value
    fits.HDUList([fits.PrimaryHDU(), table]).writeto(folder / "truth.fits",
                                                     overwrite=True)
    return folder


def brute_force(ids, places, detections, radius):
    """Outcome and detection of each injection: all pairs by distance, then id."""
    distance = numpy.hypot(places[:, None, 0] - detections[None, :, 0],
                           places[:, None, 1] - detections[None, :, 1])
    pairs = sorted((distance[i, j], ids[i], i, j)
                   for i, j in zip(*numpy.nonzero(distance <= radius)))
    detection = numpy.full(len(ids), -1)
    taken = set()
    for _, _, i, j in pairs:
        if detection[i] == -1 and j not in taken:
            detection[i] = j
            taken.add(j)
    within = (distance <= radius).sum(axis=1)
    outcome = numpy.where(detection >= 0, MATCHED, numpy.where(within > 0, SHARED, NONE))
    return outcome, detection, within


def wilson(part, of):
    if of == 0:
        return numpy.nan, numpy.nan
    share = part / of
    centre = (share + Z_90 ** 2 / (2 * of)) / (1 + Z_90 ** 2 / of)
    half = Z_90 / (1 + Z_90 ** 2 / of) * numpy.sqrt(
        share * (1 - share) / of + Z_90 ** 2 / (4 * of ** 2))
    return max(0.0, centre - half), min(1.0, centre + half)


def sextractor_text(x, y, extra=()):
    """A catalogue as SExtractor writes it (ASCII_HEAD): pixels from 1."""
    lines = ["#   1 NUMBER      Running object number",
             "#   2 X_IMAGE     Object position along x     [pixel]",
             "#   3 Y_IMAGE     Object position along y     [pixel]"]
    lines += [f"#   {k} {name}      of its kind        [{unit}]"
              for k, (name, unit, _) in enumerate(extra, 4)]
    for k in range(len(x)):
        cells = [str(k + 1), repr(float(x[k]) + 1), repr(float(y[k]) + 1)]
        lines.append("  ".join(cells + [repr(float(values[k])) for *_, values in extra]))
    return "\n".join(lines) + "\n"


class RecoverCase(Case):
    def field(self, n=600, seed=1, cards=None, **changes):
        self.truth = {**truth_columns(n, seed), **changes}
        return write_truth(self.folder / "field", self.truth, **(cards or {}))

    def places(self):
        return PIXEL_SCALE * numpy.stack([self.truth["x_pix"], self.truth["y_pix"]], 1)

    def found(self, seed=2, spurious=150, rows=slice(None), all_of_them=False):
        """Detections of a planted completeness, some twice, and by nothing: x, y from 0."""
        random = numpy.random.default_rng(seed)
        truth = {name: values[rows] for name, values in self.truth.items()}
        n = len(truth["x_pix"])
        is_found = random.random(n) < completeness_at(truth["arc_snr_r"])
        is_found |= all_of_them
        x = truth["x_pix"][is_found] + random.normal(0, 0.5, is_found.sum())
        y = truth["y_pix"][is_found] + random.normal(0, 0.5, is_found.sum())
        again = random.random(len(x)) < 0.1
        x = numpy.concatenate([x, x[again] + 1.7, random.uniform(0, SIDE - 1, spurious)])
        y = numpy.concatenate([y, y[again] - 1.1, random.uniform(0, SIDE - 1, spurious)])
        order = random.permutation(len(x))
        return x[order], y[order]

    def write_csv(self, file, **columns):
        Table(columns).write(self.folder / file, format="ascii.csv")
        return self.folder / file

    def recover(self, field, *options, radius=RADIUS, code=0, pieces=(), absent=()):
        result = self.assert_ends(
            lensmill("recover", field, "--radius", radius, *options), code, *pieces,
            absent=absent)
        if code == 0:
            self.report = json.loads((field / "recovery/recovery.json").read_text())
            self.rows = Table(fits.getdata(field / "recovery/injections.fits", 1))
        return result

    def by_bin(self, column):
        tables = {table["column"]: table for table in self.report["completeness"]}
        return tables[column]["bins"]
