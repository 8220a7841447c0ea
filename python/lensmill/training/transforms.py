"""Mitigations of the core's shortcut, as transforms of batches; the first three are those
of `lensmill probe` (docs/probe.md), in the same pixels.

A transform is called with a batch (a dict of arrays, changed in place or replaced) and a
random generator that is the batch's own. `products` names images that it needs besides
those asked for, `needs_lens` asks for `lens_x_pix` and `lens_y_pix`.
"""

from dataclasses import dataclass
from typing import Any, Dict, Protocol, Tuple

import numpy as np
from numpy.typing import NDArray

Batch = Dict[str, Any]
TAPER_WIDTH_PIX = 1.5


class Transform(Protocol):
    """What a transform offers."""

    @property
    def products(self) -> Tuple[str, ...]: ...

    @property
    def needs_lens(self) -> bool: ...

    def __call__(self, batch: Batch, rng: np.random.Generator) -> Batch: ...


def radius_pix(batch: Batch, size: Tuple[int, int]) -> "NDArray[np.float64]":
    """[row, y, x]: distance of the pixels' centres from the row's lens."""
    y, x = np.mgrid[:size[0], :size[1]].astype(float)
    return np.asarray(np.hypot(x - np.asarray(batch["lens_x_pix"])[:, None, None],
                               y - np.asarray(batch["lens_y_pix"])[:, None, None]))


def _size(batch: Batch) -> Tuple[int, int]:
    image = batch["positive"] if "positive" in batch else batch["negative"]
    return int(image.shape[-2]), int(image.shape[-1])


@dataclass(frozen=True)
class CoreMask:
    """Pixels whose centre is nearer to the lens than `radius_pix` are `value` in positive
    and negative (0: `core_mask` of the probe)."""

    radius_pix: float = 5.0
    value: float = 0.0
    products: Tuple[str, ...] = ()
    needs_lens: bool = True

    def __call__(self, batch: Batch, rng: np.random.Generator) -> Batch:
        inside = radius_pix(batch, _size(batch))[:, None] < self.radius_pix
        for name in ("positive", "negative"):
            if name in batch:
                np.copyto(batch[name], np.float32(self.value), where=inside)
        return batch


@dataclass(frozen=True)
class TanhTaper:
    """positive = negative + w (positive - negative), w = (1 + tanh((r - radius_pix)/width))
    / 2: arc and arc noise fade inside (`tanh_taper` of the probe)."""

    radius_pix: float = 5.0
    width_pix: float = TAPER_WIDTH_PIX
    products: Tuple[str, ...] = ("positive", "negative")
    needs_lens: bool = True

    def __call__(self, batch: Batch, rng: np.random.Generator) -> Batch:
        r = radius_pix(batch, _size(batch))
        weight = 0.5 * (1.0 + np.tanh((r - self.radius_pix) / self.width_pix))[:, None]
        base = batch["negative"].astype(np.float64)
        batch["positive"] = (base + weight * (batch["positive"] - base)).astype(np.float32)
        return batch


@dataclass(frozen=True)
class SaddleRemoved:
    """The noise-free light of the saddle images is subtracted from the positive; its Poisson
    noise stays (`saddle_removed` of the probe). Needs the product counter_image."""

    products: Tuple[str, ...] = ("positive", "counter_image")
    needs_lens: bool = False

    def __call__(self, batch: Batch, rng: np.random.Generator) -> Batch:
        batch["positive"] = batch["positive"] - batch["counter_image"]
        return batch


@dataclass(frozen=True)
class CoreDropout:
    """For a share of the pairs the core is masked as by CoreMask, in positive and negative
    alike; which ones is drawn anew in each epoch."""

    probability: float = 0.5
    radius_pix: float = 5.0
    value: float = 0.0
    products: Tuple[str, ...] = ()
    needs_lens: bool = True

    def __post_init__(self) -> None:
        if not 0.0 <= self.probability <= 1.0:
            raise ValueError(f"probability must be in [0, 1] (got {self.probability})")

    def __call__(self, batch: Batch, rng: np.random.Generator) -> Batch:
        chosen = rng.random(len(batch["row"])) < self.probability
        inside = radius_pix(batch, _size(batch))[:, None] < self.radius_pix
        inside &= chosen[:, None, None, None]
        for name in ("positive", "negative"):
            if name in batch:
                np.copyto(batch[name], np.float32(self.value), where=inside)
        return batch
