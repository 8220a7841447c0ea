"""Colour pictures as surveys make them: Lupton et al. 2004, PASP 116, 133.

With the intensity I = (r + g + b)/3 and (their section 2)

    f(x) = asinh(alpha Q (x - m)) / Q   for m <= x <= M,   M = m + sinh(Q) / (alpha Q),

the colours are R = r f(I)/I and so on; where one of them is above 1, all three are divided
by the largest, so that bright pixels keep their colour. Here `stretch` is 1/alpha (the
picture is linear for light much fainter than stretch/Q) and `minimum` is m. As surveys do,
each band has a factor of its own before.
"""

from typing import Any, Dict, Optional, Sequence, Tuple

import numpy as np
from numpy.typing import NDArray

from lensmill.errors import InputError

UNDEFINED_GREY = 0.45  # pixels without a value
SOFTENING = 8.0        # Q
# Of a stamp that says nothing else: the brightest pixel of `positive`, over this, is where
# a picture begins to compress; a faint stamp is not stretched until its noise is bright.
PEAK_SHARE = 0.25
NOISE_SIGMAS = 12.0

BLUE_TO_RED = "ugrizyYJHK"


def lupton(red: Any, green: Any, blue: Any, *, minimum: float = 0.0, stretch: float = 1.0,
           q: float = SOFTENING) -> "NDArray[np.float64]":
    """The picture [y, x, 3], values in [0, 1], of three images [y, x].

    Parameters
    ----------
    minimum : float
        m: what is black.
    stretch : float
        1/alpha, above 0.
    q : float
        Q, above 0: how much bright light is compressed.
    """
    if not stretch > 0.0 or not q > 0.0:
        raise ValueError(f"stretch and q must be above 0 (got {stretch}, {q})")
    colours = np.stack([np.asarray(one, np.float64) for one in (red, green, blue)], axis=-1)
    colours = colours - minimum
    intensity = colours.mean(axis=-1)
    # f(I)/I tends to alpha where I is 0; below m a pixel is black.
    safe = np.where(intensity > 0.0, intensity, 1.0)
    factor = np.where(intensity > 0.0, np.arcsinh(q * safe / stretch) / (q * safe), 0.0)
    picture = np.maximum(colours * factor[..., None], 0.0)
    largest = picture.max(axis=-1, keepdims=True)
    picture = picture / np.maximum(largest, 1.0)
    picture[~np.isfinite(colours).all(axis=-1)] = UNDEFINED_GREY
    return np.asarray(picture, np.float64)


def noise_of(stamp: "NDArray[Any]") -> "NDArray[np.float64]":
    """Robust scatter of the pixels of each band of [band, y, x] (1.4826 MAD)."""
    with np.errstate(all="ignore"):
        middle = np.nanmedian(stamp, axis=(1, 2), keepdims=True)
        return np.asarray(1.4826 * np.nanmedian(np.abs(stamp - middle), axis=(1, 2)),
                          np.float64)


def three_bands(bands: Sequence[str], wanted: Optional[Sequence[str]], where: str
                ) -> Tuple[int, int, int]:
    """Indices of what is red, green and blue. Without a wish the reddest three of at most
    grz-like neighbours: the first, the middle and the last band by wavelength; of two bands
    green is between them; one band is grey."""
    if wanted is not None:
        if len(wanted) not in (1, 3):
            raise InputError(f"{where}: bands must be three names, red first, or one")
        for name in wanted:
            if name not in bands:
                raise InputError(f"{where}: has no band {name} (it has: "
                                 f"{', '.join(bands)})")
        chosen = [list(bands).index(name) for name in wanted]
        return (chosen[0], chosen[len(chosen) // 2], chosen[-1])
    order = sorted(range(len(bands)), key=lambda k: (
        BLUE_TO_RED.index(bands[k]) if bands[k] in BLUE_TO_RED else len(BLUE_TO_RED), k))
    return order[-1], order[len(order) // 2], order[0]


def stretch_of(stamp: "NDArray[Any]") -> "NDArray[np.float64]":
    """For each band of [band, y, x] the stretch of a picture that shows both its brightest
    pixels and what is a little above its noise."""
    with np.errstate(all="ignore"):
        peak = np.nanmax(np.where(np.isfinite(stamp), stamp, -np.inf), axis=(1, 2))
    scale = np.maximum(PEAK_SHARE * peak, NOISE_SIGMAS * np.nan_to_num(noise_of(stamp)))
    return np.where(scale > 0.0, scale, 1.0)


def picture_of(stamp: "NDArray[Any]", channels: Tuple[int, int, int],
               stretch: "NDArray[np.float64]", *, minimum: float = 0.0, q: float = SOFTENING,
               lift: float = 0.0) -> "NDArray[np.float64]":
    """The picture of [band, y, x], each band divided by its stretch first. With two bands
    green is their mean. `lift` makes the sky dark grey instead of black, so that its noise
    is not cut off."""
    planes = [np.asarray(stamp[k], np.float64) / stretch[k] + lift for k in channels]
    if len(stamp) == 2 and channels[0] != channels[2]:
        planes[1] = 0.5 * (planes[0] + planes[2])
    return lupton(*planes, minimum=minimum, q=q)


def scales_of(stretch: Any, bands: Sequence[str], where: str
              ) -> "NDArray[np.float64]":
    """A stretch for each band: of one number for all, or of a dict by band."""
    if isinstance(stretch, dict):
        by_name: Dict[str, float] = stretch
        missing = [band for band in bands if band not in by_name]
        if missing or set(by_name) - set(bands):
            raise InputError(f"{where}: stretch must name each of the bands "
                             f"{', '.join(bands)} (got {', '.join(by_name) or 'none'})")
        scales = np.array([float(by_name[band]) for band in bands])
    else:
        scales = np.full(len(bands), float(stretch))
    if not (scales > 0.0).all():
        raise InputError(f"{where}: stretch must be above 0 (got {stretch})")
    return scales
