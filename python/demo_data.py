#!/usr/bin/env python3
"""Make survey-like input files out of nothing, to try every configuration on.

    python/demo_data.py FOLDER [--seed N]

FOLDER gets the layout that configs/*.yaml look for under LENSMILL_DATA, and cutouts as a
cutout service gives them. All of it is SYNTHETIC: galaxies are Sersic profiles, PSFs are
Moffat functions. Files say so (card SYNTHET), have the names of the survey files that they
stand in for, and their layout, units and traps: single exposures with a sky level, TPV
headers and pixels without weight; PSFEx models that vary over the CCD, are off-centre and
sum to more than 1; a coadd with correlated noise; cubes with inverse variances and bit masks.
The same seed gives the same files.
"""

import argparse
import functools
import pathlib

import numpy as np
from astropy.io import fits
from astropy.table import Table

BANDS = "grz"
PIXEL_ARCSEC = 0.262
# Of the single exposures: configs/survey_hosts.yaml.
EXPOSURES = {
    "g": dict(image="c4d_141223_020302_{}_g_a1-S10", psf="decam-00390498-S10-psfex",
              zero_point=29.998, sky=126.0, sigma=5.6, gain=4.01, fwhm=5.2,
              filter="g DECam SDSS c0001 4720.0 1520.0", offset=(0.1197, -0.1385)),
    "r": dict(image="c4d_141224_033245_{}_r_a1-S10", psf="decam-00390924-S10-psfex",
              zero_point=30.157, sky=300.0, sigma=8.8, gain=4.01, fwhm=4.4,
              filter="r DECam SDSS c0002 6415.0 1480.0", offset=(0.1425, -0.1533)),
    "z": dict(image="c4d_141206_043719_{}_z_a1-S10", psf="decam-00384128-S10-psfex",
              zero_point=29.776, sky=3000.0, sigma=26.9, gain=4.01, fwhm=4.6,
              filter="z DECam SDSS c0004 9260.0 1520.0", offset=(0.1264, -0.1312)),
}
EXPOSURE_ARCSEC = 0.2637  # per pixel
EXPOSURE_PIX = 200
# Objects of configs/survey_positions.csv: six galaxies, then the first again and blank sky.
GALAXIES_ON_EXPOSURES = 6
COLOURS = {"g": 1.1, "r": 0.0, "z": -0.7}  # mag, against r: an early-type galaxy at z = 0.4
SERVICE_SIGMA_NMGY = {"g": 0.0045, "r": 0.0070, "z": 0.0150}
SERVICE_FWHM_PIX = {"g": 5.3, "r": 4.7, "z": 4.5}
MASK_BITS = {"NPRIMARY": 0, "BRIGHT": 1, "SATUR_G": 2, "SATUR_R": 3, "SATUR_Z": 4,
             "ALLMASK_G": 5, "ALLMASK_R": 6, "ALLMASK_Z": 7, "BAILOUT": 10, "MEDIUM": 11}


@functools.lru_cache(maxsize=4)  # a galaxy looks alike in all bands
def sersic(shape, y0, x0, reff, n, q=1.0, phi=0.0, oversample=3):
    """Pixel-averaged, of unit flux, [y, x]; reff in pixels on sqrt(ab), phi from +x."""
    b = 2.0 * n - 1.0 / 3.0 + 4.0 / (405.0 * n)
    total = np.zeros(shape)
    steps = (np.arange(oversample) + 0.5) / oversample - 0.5
    y, x = np.indices(shape, dtype=float)
    for dy in steps:
        for dx in steps:
            u = (x + dx - x0) * np.cos(phi) + (y + dy - y0) * np.sin(phi)
            v = (y + dy - y0) * np.cos(phi) - (x + dx - x0) * np.sin(phi)
            radius = np.sqrt(q * u * u + v * v / q) / reff
            total += np.exp(-b * radius ** (1.0 / n))
    return total / total.sum()


def moffat(size, fwhm, beta=3.5, dy=0.0, dx=0.0, e1=0.0, e2=0.0):
    """Samples of a Moffat function about index (size - 1) // 2, of unit sum."""
    middle = (size - 1) // 2
    y, x = np.indices((size, size), dtype=float) - middle
    y, x = y - dy, x - dx
    square = (1 - e1) * x * x + (1 + e1) * y * y - 2.0 * e2 * x * y
    alpha = 0.5 * fwhm / np.sqrt(2.0 ** (1.0 / beta) - 1.0)
    kernel = (1.0 + square / alpha**2) ** -beta
    return kernel / kernel.sum()


def convolve(image, kernel):
    """By FFT, linear; the kernel's origin at index (n - 1) // 2."""
    ny, nx = (32 * ((a + b + 30) // 32) for a, b in zip(image.shape, kernel.shape))
    product = np.fft.rfft2(image, (ny, nx)) * np.fft.rfft2(kernel, (ny, nx))
    full = np.fft.irfft2(product, (ny, nx))
    top, left = ((n - 1) // 2 for n in kernel.shape)
    return full[top:top + image.shape[0], left:left + image.shape[1]]


def nmgy(mag):
    return 10.0 ** (0.4 * (22.5 - mag))


def label(header, seed):
    header["SYNTHET"] = (True, "made by python/demo_data.py, no observation")
    header["SEED"] = seed
    return header


def write_table(path, seed, rows, names, units=None):
    hdu = fits.table_to_hdu(Table(rows=rows, names=names))
    label(hdu.header, seed)
    for name, unit in (units or {}).items():
        hdu.header[f"TUNIT{names.index(name) + 1}"] = unit
    hdu.writeto(path, overwrite=True)


def tan_header(ra, dec, shape, arcsec):
    header = fits.Header()
    header.update(dict(CTYPE1="RA---TAN", CTYPE2="DEC--TAN", CRVAL1=ra, CRVAL2=dec,
                       CRPIX1=(shape[1] + 1) / 2.0, CRPIX2=(shape[0] + 1) / 2.0,
                       CD1_1=-arcsec / 3600.0, CD1_2=0.0, CD2_1=0.0, CD2_2=arcsec / 3600.0,
                       CUNIT1="deg", CUNIT2="deg", RADESYS="ICRS", EQUINOX=2000.0))
    return header


def galaxy_of(rng):
    """An early-type galaxy: r magnitude, size in arcsec, shape."""
    mag = float(np.clip(rng.normal(19.6, 0.7), 18.0, 21.0))
    return dict(mag=mag, reff=float(0.9 * 10 ** rng.normal(0.18 * (19.6 - mag), 0.12)),
                n=float(rng.uniform(2.5, 4.5)), q=float(rng.uniform(0.55, 1.0)),
                phi=float(rng.uniform(0.0, np.pi)))


def draw_galaxy(galaxy, band, shape, y0, x0, arcsec, kernel):
    model = sersic(shape, y0, x0, galaxy["reff"] / arcsec, galaxy["n"], galaxy["q"],
                   galaxy["phi"])
    return nmgy(galaxy["mag"] + COLOURS[band]) * convolve(model, kernel)


# ---- HST galaxies as sources (GalSim's RealGalaxyCatalog) -------------------------------
def make_cosmos(folder, rng, seed):
    count, scale, sigma, kernel = 10, 0.03, 0.003, moffat(31, 4.0)
    images, rows, fit_rows = [], [], []
    for k in range(count):
        size = int(rng.choice([101, 121, 141, 161]))
        reff = size / 11.0
        mag = float(rng.uniform(21.2, 23.3))
        flux = 10.0 ** (0.4 * (25.94 - mag))
        phi, q = float(rng.uniform(0, np.pi)), float(rng.uniform(0.4, 0.9))
        middle = (size - 1) / 2.0
        model = 0.8 * flux * sersic((size, size + 1), middle, middle + 0.5, reff, 1.0, q, phi)
        for _ in range(4):  # knots of star formation
            angle, radius = rng.uniform(0, 2 * np.pi), reff * rng.uniform(0.3, 1.3)
            model += 0.05 * flux * sersic(model.shape, middle + radius * np.sin(angle),
                                          middle + 0.5 + radius * np.cos(angle), 1.5, 1.0)
        image = convolve(model, kernel) + rng.normal(0.0, sigma, model.shape)
        images.append(image.astype(np.float32))
        ident = 900000 + k
        rows.append((ident, 150.1 + 0.01 * k, 2.2, mag, "F814W", 1.0,
                     "real_galaxy_images_23.5_n1.fits",
                     "real_galaxy_PSF_images_23.5_n1.fits", k, k, scale, 0.0, sigma**2,
                     "acs_I_unrot_sci_20_cf.fits", float(image.sum())))
        fit_rows.append((ident, mag, reff * 1.05, float(rng.uniform(0.6, 2.5))))
    header = label(fits.Header(), seed)
    hdus = [fits.PrimaryHDU(images[0], header)] + [fits.ImageHDU(i) for i in images[1:]]
    fits.HDUList(hdus).writeto(folder / "real_galaxy_images_23.5_n1.fits", overwrite=True)
    names = ["IDENT", "RA", "DEC", "MAG", "BAND", "WEIGHT", "GAL_FILENAME", "PSF_FILENAME",
             "GAL_HDU", "PSF_HDU", "PIXEL_SCALE", "NOISE_MEAN", "NOISE_VARIANCE",
             "NOISE_FILENAME", "stamp_flux"]
    fit_names = ["IDENT", "mag_auto", "flux_radius", "zphot"]
    write_table(folder / "real_galaxy_catalog_23.5.fits", seed, rows, names)
    write_table(folder / "real_galaxy_catalog_23.5_fits.fits", seed, fit_rows, fit_names)


# ---- cubes of hosts, [n, y, x] ----------------------------------------------------------
def make_hosts(folder, rng, seed):
    count, size, zero_point = 46, 91, 30.0
    sigma = {"g": 5.0, "r": 6.0, "z": 14.0}  # counts
    galaxies = [galaxy_of(rng) for _ in range(count)]
    places = (size - 1) / 2.0 + rng.uniform(-0.4, 0.4, (count, 2))
    for band in BANDS:
        cube = np.empty((count, size, size), np.float32)
        for k, galaxy in enumerate(galaxies):
            light = draw_galaxy(galaxy, band, (size, size), *places[k], PIXEL_ARCSEC,
                                moffat(41, SERVICE_FWHM_PIX[band]))
            light *= 10.0 ** (0.4 * (zero_point - 22.5))
            variance = sigma[band] ** 2 + np.maximum(light, 0) / 4.0
            cube[k] = light + rng.normal(size=light.shape) * np.sqrt(variance)
        fits.PrimaryHDU(cube, label(fits.Header(), seed)).writeto(
            folder / f"{band}.fits", overwrite=True)


# ---- single exposures, their weights and PSFEx models -----------------------------------
def psfex_model(fwhm, rng, size=63):
    """PSF_MASK [term, y, x] of a polynomial of degree 2 in (u, v): 1 u u^2 v uv v^2."""
    dy, dx = rng.uniform(-0.08, 0.08, 2)
    middle = dict(fwhm=fwhm, beta=3.0, dy=dy, dx=dx, e1=0.03, e2=-0.02)
    changes = [{}, dict(fwhm=1.03 * fwhm), dict(e1=0.05), dict(dx=dx + 0.05), dict(e2=0.0),
               dict(fwhm=1.01 * fwhm)]
    masks = [1.01 * moffat(size, **{**middle, **change}) for change in changes]
    return np.array([masks[0]] + [m - masks[0] for m in masks[1:]], dtype=np.float32)


def psfex_table(masks, sampling, zero, scale, columns=()):
    """A table of PSFEx models, one row each."""
    terms, size = masks[0].shape[0], masks[0].shape[-1]
    table = [fits.Column("psf_mask", f"{masks[0].size}E", dim=f"({size},{size},{terms})",
                         array=np.array(masks))]
    table += [fits.Column(name, form, array=np.array(values))
              for name, form, values in columns]
    hdu = fits.BinTableHDU.from_columns(table)
    cards = dict(POLNAXIS=2, POLNAME1="X_IMAGE", POLNAME2="Y_IMAGE", POLGRP1=1, POLGRP2=1,
                 POLZERO1=zero[0], POLZERO2=zero[1], POLSCAL1=scale[0], POLSCAL2=scale[1],
                 POLNGRP=1, POLDEG1=2, PSF_SAMP=sampling, PSFNAXIS=3, PSFAXIS1=size,
                 PSFAXIS2=size, PSFAXIS3=terms)
    hdu.header.update(cards)
    return hdu


def make_exposures(folder, rng, seed, positions):
    shape = (EXPOSURE_PIX, EXPOSURE_PIX)
    centre = 0.5 * (positions.min(axis=0) + positions.max(axis=0))
    galaxies = [galaxy_of(rng) for _ in range(GALAXIES_ON_EXPOSURES)]
    ccds = []
    for band, exposure in EXPOSURES.items():
        header = tan_header(*centre, shape, EXPOSURE_ARCSEC)
        header.update(dict(CTYPE1="RA---TPV", CTYPE2="DEC--TPV", PV1_1=1.0, PV2_1=1.0,
                           PV1_4=1.7e-4, PV2_5=1.5e-3, EXTNAME="S10", CCDNUM=21,
                           GAINA=exposure["gain"], GAINB=exposure["gain"],
                           SATURATE=47000.0, LTV1=-1.0, LTV2=-1.0))
        masks = psfex_model(exposure["fwhm"], rng)
        kernel = masks[0] / masks[0].sum()
        light = np.zeros(shape)
        for galaxy, (ra, dec) in zip(galaxies, positions):
            # The catalogue is the sky's; the header is off by the CCD's offset.
            off_ra, off_dec = exposure["offset"]
            cosine = np.cos(np.radians(dec))
            dx = -((ra - centre[0]) * 3600.0 * cosine - off_ra) / EXPOSURE_ARCSEC
            dy = ((dec - centre[1]) * 3600.0 - off_dec) / EXPOSURE_ARCSEC
            light += draw_galaxy(galaxy, band, shape, (shape[0] - 1) / 2 + dy,
                                 (shape[1] - 1) / 2 + dx, EXPOSURE_ARCSEC, kernel)
        light *= 10.0 ** (0.4 * (exposure["zero_point"] - 22.5))
        variance = exposure["sigma"] ** 2 + np.maximum(light, 0) / exposure["gain"]
        image = exposure["sky"] + light + rng.normal(size=shape) * np.sqrt(variance)
        weight = 1.0 / variance
        if band == "r":  # a bad column's piece beside the first object
            weight[100:109, 78] = 0.0
        primary = label(fits.Header(), seed)
        primary.update(dict(EXPTIME=90.0, FILTER=exposure["filter"], BUNIT="adu",
                            RADESYS="FK5", EQUINOX=2000.0,
                            MAGZERO=exposure["zero_point"]))
        for kind, pixels in (("ooi", image), ("oow", weight)):
            fits.HDUList([fits.PrimaryHDU(header=primary),
                          fits.ImageHDU(pixels.astype(np.float32), header)]).writeto(
                folder / f"{exposure['image'].format(kind)}.fits", overwrite=True)
        table = psfex_table([masks], 1.0, (-660.0, -1050.0), (1940.0, 3950.0))
        label(table.header, seed)
        fits.HDUList([fits.PrimaryHDU(), table]).writeto(
            folder / f"{exposure['psf']}.fits", overwrite=True)
        ccds.append((f"{exposure['image'].format('ooi')}.fits", 1, "decam", "S10", band,
                     90.0, exposure["fwhm"], exposure["zero_point"] - 4.886,
                     *exposure["offset"], exposure["gain"]))
    write_table(folder / "survey-ccds-1.fits", seed, ccds,
                ["image_filename", "image_hdu", "camera", "ccdname", "filter", "exptime",
                 "fwhm", "zpt", "ccdraoff", "ccddecoff", "gain"])


def make_psfex_files(folder, rng, seed):
    """A model sampled finer than the pixels, and a file with the models of three CCDs."""
    fine = psfex_table([psfex_model(6.2, rng)], 0.708, (1024.0, 2048.0), (2048.0, 4096.0))
    label(fine.header, seed)
    fits.HDUList([fits.PrimaryHDU(), fine]).writeto(folder / "fine-sampling.psf",
                                                    overwrite=True)
    ccds = ["N1", "N2", "S10"]
    several = psfex_table([psfex_model(f, rng) for f in (4.0, 4.4, 5.0)], 1.0,
                          (1024.0, 2048.0), (2048.0, 4096.0),
                          columns=[("CCDNAME", "5A", ccds), ("EXPNUM", "J", [900001] * 3)])
    label(several.header, seed)
    fits.HDUList([fits.PrimaryHDU(), several]).writeto(folder / "three-ccds.psf",
                                                       overwrite=True)


# ---- a coadd with correlated noise -------------------------------------------------------
def make_coadd(folder, rng, seed):
    side, brick, ra, dec = 1200, "0959p805", 95.95, 80.5
    header = label(tan_header(ra, dec, (side, side), PIXEL_ARCSEC), seed)
    header.update(dict(BRICKNAM=brick, FILTER="g", FILTERX="g", MAGZERO=22.5))
    sigma = 0.012
    y, x = rng.uniform(60, side - 60, (2, 120))
    light = np.zeros((side, side))
    kernel = moffat(41, SERVICE_FWHM_PIX["g"])
    for j, i in zip(y, x):
        galaxy = galaxy_of(rng)
        top, left = int(j) - 50, int(i) - 50
        light[top:top + 101, left:left + 101] += draw_galaxy(
            galaxy, "g", (101, 101), j - top, i - left, PIXEL_ARCSEC, kernel)
    # Resampling: white noise through a kernel of unit square sum keeps the variance and
    # correlates neighbours.
    smear = np.array([[0.0, 0.1, 0.0], [0.1, 1.0, 0.1], [0.0, 0.1, 0.0]])
    smear /= np.sqrt((smear**2).sum())
    noise = sigma * convolve(rng.normal(size=(side + 2, side + 2)), smear)[1:-1, 1:-1]
    image = light + noise
    invvar = np.full((side, side), sigma**-2)
    nexp = np.ones((side, side), np.int16)
    image[:, :side // 3] = invvar[:, :side // 3] = 0.0  # not covered
    nexp[:, :side // 3] = 0
    for kind, pixels, unit in (("image", image, "nanomaggy"),
                               ("invvar", invvar, "1/nanomaggy^2"), ("nexp", nexp, None)):
        cards = header.copy()
        cards["IMTYPE"] = cards["PRODTYPE"] = kind
        if unit:
            cards["BUNIT"] = unit
        pixels = pixels if kind == "nexp" else pixels.astype(np.float32)
        options = {} if kind == "nexp" else dict(quantize_level=-1e-4 if kind == "image"
                                                 else 16)
        fits.HDUList([fits.PrimaryHDU(), fits.CompImageHDU(pixels, cards, **options)]
                     ).writeto(folder / f"legacysurvey-{brick}-{kind}-g.fits.fz",
                               overwrite=True)


# ---- cutouts as the Legacy Surveys' service gives them, with PSFs and a catalogue --------
def service_cutout(galaxy, ra, dec, rng, seed, size=101):
    shape, cube, invvar, psfs = (size, size), [], [], []
    width = rng.normal(1.0, 0.08)
    middle = (size - 1) / 2.0
    place = middle + rng.uniform(-0.3, 0.3, 2)
    for band in BANDS:
        fwhm = SERVICE_FWHM_PIX[band] * width
        psf = moffat(63, fwhm, 3.0, *rng.uniform(-0.05, 0.05, 2))
        light = draw_galaxy(galaxy, band, shape, *place, PIXEL_ARCSEC, psf)
        sigma = SERVICE_SIGMA_NMGY[band]
        variance = sigma**2 + np.maximum(light, 0) / 4000.0
        cube.append(light + rng.normal(size=shape) * np.sqrt(variance))
        invvar.append(1.0 / variance)
        psfs.append(psf.astype(np.float32))
    maskbits = np.zeros(shape, np.int32)
    if rng.uniform() < 0.3:  # a star's halo at the edge
        y, x = np.indices(shape)
        maskbits[(y - size) ** 2 + (x - 8) ** 2 < 30**2] |= 1 << MASK_BITS["MEDIUM"]
    header = label(tan_header(ra, dec, shape, PIXEL_ARCSEC), seed)
    header.update(dict(SURVEY="LegacySurvey", VERSION="DEMO", IMAGETYP="IMAGE",
                       BANDS=BANDS, IMAGEW=size, IMAGEH=size))
    for k, band in enumerate(BANDS):
        header[f"BAND{k}"] = band
    hdus = [fits.PrimaryHDU(np.array(cube, np.float32), header)]
    for kind, pixels in (("INVVAR", np.array(invvar, np.float32)), ("MASKBITS", maskbits)):
        cards = header.copy()
        cards["IMAGETYP"] = kind
        if kind == "MASKBITS":
            for name, bit in MASK_BITS.items():
                cards[f"HIERARCH MB_{name}" if len(name) > 5 else f"MB_{name}"] = 1 << bit
                cards[f"MBIT_{bit}"] = name
        hdus.append(fits.ImageHDU(pixels, cards))
    psf_hdus = []
    for k, (band, psf) in enumerate(zip(BANDS, psfs)):
        hdu = fits.PrimaryHDU(psf) if k == 0 else fits.ImageHDU(psf)
        hdu.header["BAND"] = band
        if k == 0:
            hdu.header["BANDS"] = BANDS
            label(hdu.header, seed)
        psf_hdus.append(hdu)
    return fits.HDUList(hdus), fits.HDUList(psf_hdus)


def make_service(folder, rng, seed, count=46):
    rows = []
    for name in ("cutouts", "psfs"):
        (folder / name).mkdir(exist_ok=True)
    for k in range(count):
        galaxy = galaxy_of(rng)
        target = 39627700000000000 + 31 * k  # ids as long as DESI's
        ra, dec = float(150.0 + 0.02 * k), float(2.0 + 0.01 * (k % 7))
        images, psfs = service_cutout(galaxy, ra, dec, rng, seed)
        images.writeto(folder / "cutouts" / f"{target}.fits", overwrite=True)
        psfs.writeto(folder / "psfs" / f"{target}.fits", overwrite=True)
        e = (1 - galaxy["q"]) / (1 + galaxy["q"])
        pa = galaxy["phi"] - np.pi / 2  # East of North
        rows.append((target, 9010, "0001p020", k, "DEV", True, ra, dec,
                     *(nmgy(galaxy["mag"] + COLOURS[b]) for b in BANDS),
                     galaxy["reff"] / np.sqrt(galaxy["q"]), e * np.cos(2 * pa),
                     e * np.sin(2 * pa), 0, f"cutouts/{target}.fits", f"psfs/{target}.fits",
                     float(rng.uniform(0.2, 0.7))))
    names = ("TARGETID RELEASE BRICKNAME OBJID TYPE BRICK_PRIMARY RA DEC FLUX_G FLUX_R "
             "FLUX_Z SHAPE_R SHAPE_E1 SHAPE_E2 MASKBITS FILE PSF_FILE Z_PHOT").split()
    write_table(folder / "catalogue.fits", seed, rows, names,
                dict(RA="deg", DEC="deg", SHAPE_R="arcsec", FLUX_G="nanomaggy",
                     FLUX_R="nanomaggy", FLUX_Z="nanomaggy"))


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=pathlib.Path)
    parser.add_argument("--seed", type=int, default=1)
    arguments = parser.parse_args()
    root, seed = arguments.folder, arguments.seed
    configs = pathlib.Path(__file__).resolve().parents[1] / "configs"
    positions = np.loadtxt(configs / "survey_positions.csv", delimiter=",", skiprows=4)
    makers = {
        "cosmos-sources": make_cosmos,
        "des-hosts": make_hosts,
        "legacysurvey-decals": lambda *a: make_exposures(*a, positions),
        "legacysurvey-coadd": make_coadd,
        "psfex-more": make_psfex_files,
        "service": make_service,
    }
    for index, (name, make) in enumerate(makers.items()):
        (root / name).mkdir(parents=True, exist_ok=True)
        make(root / name, np.random.default_rng([seed, index]), seed)
    (root / "SYNTHETIC").write_text(
        f"Made by python/demo_data.py --seed {seed}: no observations.\n")
    print(f"demo data: {root} (synthetic, seed {seed}); export LENSMILL_DATA={root}")


if __name__ == "__main__":
    main()
