"""Training sets from a run, without a framework: NumPy arrays in an order that is a
function of seed and epoch. `lensmill.pytorch` wraps them for PyTorch."""

from lensmill.training.batches import ShuffledBatches
from lensmill.training.order import Order
from lensmill.training.parallel import WorkerFailed, iterate_in_workers
from lensmill.training.samples import Reader, Samples
from lensmill.training.splits import Split, by_identity, stored
from lensmill.training.transforms import CoreDropout, CoreMask, SaddleRemoved, TanhTaper

__all__ = ["CoreDropout", "CoreMask", "Order", "Reader", "SaddleRemoved", "Samples",
           "ShuffledBatches", "Split", "TanhTaper", "WorkerFailed", "by_identity",
           "iterate_in_workers", "stored"]
