"""Colour pictures as surveys make them: Lupton et al. 2004, PASP 116, 133.

With the intensity I = (r + g + b)/3 and (their section 2)

    f(x) = asinh(alpha Q (x - m)) / Q   for m <= x <= M,   M = m + sinh(Q) / (alpha Q),

the colours are R = r f(I)/I and so on; where one of them is above 1, all three are divided
by the largest, so that bright pixels keep their colour. Here `stretch` is 1/alpha (the
picture is linear for light much fainter than stretch/Q) and `minimum` is m. As surveys do,
each band is multiplied by a factor of its own first, its `balance`.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Optional, Tuple

import numpy as np
from numpy.typing import NDArray

from lensmill.errors import InputError

UNDEFINED_GREY = 0.45  # pixels without a value
BLUE_TO_RED = "ugrizyYJHK"
# Factors of the bands in the Legacy Surveys' pictures (legacypipe, viewer): galaxies of
# common colours look nearly white.
LEGACY_SURVEYS = {"g": 6.0, "r": 3.4, "i": 3.0, "z": 2.2}
# Of a picture that is told nothing else: black is so many sigmas of the noise below the sky
# (its noise is not cut off), the brightest pixel is 1, and Q is such that the sky is this
# grey; between these bounds.
SKY_SIGMAS, SKY_GREY = 2.0, 0.11
LEAST_Q, MOST_Q = 0.05, 8.0


def lupton(red: Any, green: Any, blue: Any, *, minimum: float = 0.0, stretch: float = 1.0,
           q: float = MOST_Q) -> "NDArray[np.float64]":
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


@dataclass(frozen=True)
class Look:
    """How the stamps of a row are made pictures of.

    Attributes
    ----------
    channels : (int, int, int)
        Indices of the bands that are red, green and blue.
    balance : array
        [band]: factors.
    minimum, stretch, q : float
        m, 1/alpha and Q, for images times balance.
    """

    channels: Tuple[int, int, int]
    balance: "NDArray[np.float64]"
    minimum: float
    stretch: float
    q: float

    def picture(self, stamp: "NDArray[Any]") -> "NDArray[np.float64]":
        """[y, x, 3] of a stamp [band, y, x]. Of two bands green is the mean."""
        planes = self.planes(stamp)
        return lupton(*planes, minimum=self.minimum, stretch=self.stretch, q=self.q)

    def planes(self, stamp: "NDArray[Any]") -> "NDArray[np.float64]":
        planes: "NDArray[np.float64]" = np.stack([np.asarray(stamp[k], np.float64) * self.balance[k]
                           for k in self.channels])
        if len(set(self.channels)) == 2:
            planes[1] = 0.5 * (planes[0] + planes[2])
        return planes

    def for_stamp(self, stamp: "NDArray[Any]", sky: "Optional[NDArray[Any]]" = None
                  ) -> "Look":
        """Minimum, stretch and Q by a stamp, and its noise by another one with less light
        in it (the negative): see SKY_GREY."""
        intensity, quiet = (self.planes(one).mean(axis=0)
                            for one in (stamp, stamp if sky is None else sky))
        finite, quiet = (one[np.isfinite(one)] for one in (intensity, quiet))
        if finite.size == 0 or quiet.size == 0:
            return self
        sigma = float(1.4826 * np.median(np.abs(quiet - np.median(quiet))))
        minimum = -SKY_SIGMAS * sigma
        peak = float(finite.max()) - minimum
        if not peak > 0.0:
            return replace(self, minimum=minimum)
        q = _softening(-minimum / peak)
        return replace(self, minimum=minimum, q=q).up_to(peak)

    def up_to(self, peak: float) -> "Look":
        """With f = 1 so far above the minimum: asinh(q peak / stretch) = q."""
        return replace(self, stretch=float(self.q * peak / np.sinh(self.q)))

    def for_arc(self, arc: "NDArray[Any]") -> "Look":
        """For light without sky (an arc, a difference): black is 0, its brightest pixel 1,
        and Q that of the stamp."""
        peak = float(np.nanmax(self.planes(arc).mean(axis=0), initial=0.0))
        return replace(self, minimum=0.0).up_to(peak) if peak > 0.0 else self


def _softening(sky: float) -> float:
    """Q with which a pixel at this share of the peak is SKY_GREY; the grey grows with Q."""
    def grey(q: float) -> float:
        return float(np.arcsinh(np.sinh(q) * sky) / q)

    low, high = LEAST_Q, MOST_Q
    if grey(high) <= SKY_GREY:
        return high
    for _ in range(40):
        middle = 0.5 * (low + high)
        low, high = (middle, high) if grey(middle) < SKY_GREY else (low, middle)
    return low


def look_of(bands: Sequence[str], where: str, *, wanted: Optional[Sequence[str]] = None,
            balance: "Optional[Mapping[str, float]]" = None) -> Look:
    """Which bands make the colours, and their balance: the Legacy Surveys' for g, r, i, z;
    if another band is among the three (or is not given a factor), 1 for each.

    Parameters
    ----------
    wanted : three names, red first, or one; optional
        Without: the reddest, the middle and the bluest band; one band is grey.
    balance : dict of band to float, optional

    Raises
    ------
    InputError
        A band that is not there, a factor that is not above 0.
    """
    channels = three_bands(bands, wanted, where)
    names = {bands[k] for k in channels}
    if balance is None:
        balance = LEGACY_SURVEYS if names <= set(LEGACY_SURVEYS) else {
            name: 1.0 for name in names}
    elif not names <= set(balance):
        raise InputError(f"{where}: balance must name each of the bands "
                         f"{', '.join(sorted(names))} (got {', '.join(balance) or 'none'})")
    factors = np.array([float(balance.get(band, 1.0)) for band in bands])
    if not (factors > 0.0).all():
        raise InputError(f"{where}: balance must be above 0 (got {dict(balance)})")
    return Look(channels, factors, 0.0, 1.0, MOST_Q)


def three_bands(bands: Sequence[str], wanted: Optional[Sequence[str]], where: str
                ) -> Tuple[int, int, int]:
    """Indices of what is red, green and blue."""
    if wanted is not None:
        if len(wanted) not in (1, 3):
            raise InputError(f"{where}: bands must be three names, red first, or one")
        for name in wanted:
            if name not in bands:
                raise InputError(f"{where}: has no band {name} (it has: "
                                 f"{', '.join(bands)})")
        chosen = [list(bands).index(name) for name in wanted]
        return chosen[0], chosen[len(chosen) // 2], chosen[-1]
    order = sorted(range(len(bands)), key=lambda k: (
        BLUE_TO_RED.index(bands[k]) if bands[k] in BLUE_TO_RED else len(BLUE_TO_RED), k))
    return order[-1], order[len(order) // 2], order[0]
