#!/usr/bin/env python3
"""Stamps per second of lenstronomy on the work of whole_run.py, one core, warm.

    lenstronomy_stamps.py [--supersampling N] [--count N]

64 x 64 pixels, one band: SIE + shear, Sersic n = 1, 33 x 33 Moffat kernel, Gaussian sky
and Poisson noise, flux in r < 5 pix. One line of JSON. lenstronomy's pixel errors at
supersampling 4 are about 3 % of the peak; 32 is needed for 0.1 %.
"""

import argparse
import json
import time

import numpy as np
from lenstronomy.Data.imaging_data import ImageData
from lenstronomy.Data.psf import PSF
from lenstronomy.ImSim.image_model import ImageModel
from lenstronomy.LensModel.lens_model import LensModel
from lenstronomy.LightModel.light_model import LightModel
from lenstronomy.Util import image_util

STAMP_SIZE_PIX = 64
PIXEL_SCALE_ARCSEC = 0.262
SKY_SIGMA_NMGY = 0.01
GAIN_E_PER_NMGY = 500.0


def moffat_kernel(size_pix, fwhm_pix, beta):
    centre = (size_pix - 1) // 2
    y, x = np.mgrid[:size_pix, :size_pix] - centre
    alpha = fwhm_pix / (2.0 * np.sqrt(2.0 ** (1.0 / beta) - 1.0))
    kernel = (1.0 + (x * x + y * y) / alpha**2) ** -beta
    return kernel / kernel.sum()


def draw(rng):
    """Parameters of one injection, the priors of configs/parity_table.yaml roughly."""
    theta_e = rng.uniform(0.5, 2.5)
    offset, angle = theta_e * np.clip(rng.normal(0.6, 0.18), 0.05, 1.0), rng.uniform(
        0.0, 2.0 * np.pi)
    lens_e = (1 - (q := rng.uniform(0.6, 1.0))) / (1 + q)
    src_e = (1 - (q := rng.uniform(0.4, 1.0))) / (1 + q)
    lens_phi, src_phi = rng.uniform(0.0, np.pi, 2)
    lens = [{"theta_E": theta_e, "e1": lens_e * np.cos(2 * lens_phi),
             "e2": lens_e * np.sin(2 * lens_phi), "center_x": 0.0, "center_y": 0.0},
            {"gamma1": rng.normal(0, 0.02), "gamma2": rng.normal(0, 0.02)}]
    source = [{"amp": 1.0, "R_sersic": rng.uniform(0.2, 0.5), "n_sersic": 1.0,
               "e1": src_e * np.cos(2 * src_phi), "e2": src_e * np.sin(2 * src_phi),
               "center_x": offset * np.cos(angle), "center_y": offset * np.sin(angle)}]
    return lens, source


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--supersampling", type=int, default=4)
    parser.add_argument("--count", type=int, default=300)
    arguments = parser.parse_args()

    corner = -(STAMP_SIZE_PIX - 1) / 2 * PIXEL_SCALE_ARCSEC
    data = ImageData(image_data=np.zeros((STAMP_SIZE_PIX, STAMP_SIZE_PIX)),
                     background_rms=SKY_SIGMA_NMGY, exposure_time=GAIN_E_PER_NMGY,
                     ra_at_xy_0=corner, dec_at_xy_0=corner,
                     transform_pix2angle=np.eye(2) * PIXEL_SCALE_ARCSEC)
    psf = PSF(psf_type="PIXEL", kernel_point_source=moffat_kernel(33, 5.0, 2.5))
    model = ImageModel(data, psf, LensModel(["SIE", "SHEAR"]),
                       source_model_class=LightModel(["SERSIC_ELLIPSE"]),
                       kwargs_numerics={"supersampling_factor": arguments.supersampling})
    axis = np.arange(STAMP_SIZE_PIX) - (STAMP_SIZE_PIX - 1) / 2
    core = np.hypot(axis[:, None], axis[None, :]) < 5.0

    rng = np.random.default_rng(1)
    cases = [draw(rng) for _ in range(arguments.count)]
    np.random.seed(1)

    def stamp(lens, source):
        image = model.image(lens, source)
        image = (image + image_util.add_poisson(image, GAIN_E_PER_NMGY)
                 + image_util.add_background(image, SKY_SIGMA_NMGY))
        return image[core].sum() / image.sum()

    for case in cases[:20]:  # numba compiles, caches fill
        stamp(*case)
    start = time.perf_counter()
    for case in cases:
        stamp(*case)
    seconds = time.perf_counter() - start
    print(json.dumps({"peer": "lenstronomy", "supersampling": arguments.supersampling,
                      "stamps_per_s": arguments.count / seconds}))


if __name__ == "__main__":
    main()
