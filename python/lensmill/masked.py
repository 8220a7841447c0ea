"""numpy.ma, which has no types of its own."""

from typing import Any

import numpy.ma

ma: Any = numpy.ma
