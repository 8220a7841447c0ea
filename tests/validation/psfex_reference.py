"""Evaluate a PSFEx model from its published definition, for psfex_models_test.cpp.

    psfex_reference.py FILE X Y        prints ny nx, then the kernel's values row by row

Bertin 2011 (ASP Conf. Ser. 442, 435) and the PSFEx manual: the PSF at (X_IMAGE, Y_IMAGE)
is sum_k c_k PSF_MASK[k]; the c_k are the monomials x^i y^j, i + j <= POLDEG1, of
(X - POLZERO) / POLSCAL, the first variable's power running fastest. A model sampled at
PSF_SAMP image pixels per sample is brought to image pixels by Lanczos-4 interpolation,
its weights normalised over the samples that exist. Written for clarity: one sum per value.
"""
import sys

import numpy as np
from astropy.io import fits

LANCZOS_ORDER = 4


def lanczos(x):
    if abs(x) >= LANCZOS_ORDER:
        return 0.0
    return np.sinc(x) * np.sinc(x / LANCZOS_ORDER)


def model_at(table, header, x_image, y_image):
    where = {"X": x_image, "Y": y_image}
    first, second = (
        (where[header[f"POLNAME{i}"][0]] - header[f"POLZERO{i}"]) / header[f"POLSCAL{i}"]
        for i in (1, 2))
    degree = header["POLDEG1"]
    powers = [(i, j) for j in range(degree + 1) for i in range(degree + 1 - j)]
    mask = np.asarray(table["PSF_MASK"][0], dtype=float).reshape(len(powers), -1)
    side = int(round(mask.shape[1] ** 0.5))  # the rasters are square
    mask = mask.reshape(len(powers), side, side)
    return sum(first**i * second**j * mask[k] for k, (i, j) in enumerate(powers))


def weights(size, position):
    """Weight of each of `size` samples at a fractional index; all zero outside."""
    if not 0 <= position <= size - 1:
        return np.zeros(size)
    taps = np.array([lanczos(index - position) for index in range(size)])
    below = np.arange(size) > np.floor(position) - LANCZOS_ORDER
    above = np.arange(size) <= np.floor(position) + LANCZOS_ORDER
    taps = np.where(below & above, taps, 0.0)
    return taps / taps.sum()


def to_image_pixels(values, sampling):
    ny, nx = values.shape
    half = [int(max(np.floor(o / (1 / sampling)), np.floor((n - 1 - o) / (1 / sampling))))
            for n, o in ((ny, (ny - 1) // 2), (nx, (nx - 1) // 2))]
    rows = [weights(ny, (ny - 1) // 2 + k / sampling) for k in range(-half[0], half[0] + 1)]
    columns = [weights(nx, (nx - 1) // 2 + k / sampling)
               for k in range(-half[1], half[1] + 1)]
    return np.array(rows) @ values @ np.array(columns).T


def main():
    path, x_image, y_image = sys.argv[1], float(sys.argv[2]), float(sys.argv[3])
    with fits.open(path) as file:
        header = file[1].header
        values = model_at(file[1].data, header, x_image, y_image)
    if header["PSF_SAMP"] != 1.0:
        values = to_image_pixels(values, header["PSF_SAMP"])
    print(*values.shape)
    for value in values.ravel():
        print(repr(float(value)))


if __name__ == "__main__":
    main()
