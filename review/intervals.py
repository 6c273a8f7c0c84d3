"""How far a share that was counted may be from the true one."""

from dataclasses import dataclass
from math import sqrt

Z95, Z99 = 1.959964, 2.575829


@dataclass(frozen=True)
class Share:
    """`hits` of `of`. Without any, the share is unknown: value None, interval 0 to 1."""

    hits: int
    of: int

    @property
    def value(self) -> float | None:
        return self.hits / self.of if self.of else None

    def wilson(self, z: float = Z95) -> tuple[float, float]:
        """The score interval of Wilson (JASA 22, 1927); by default 95 %."""
        if not self.of:
            return 0.0, 1.0
        p, n = self.hits / self.of, self.of
        middle = (p + z * z / (2 * n)) / (1 + z * z / n)
        half = z * sqrt(p * (1 - p) / n + z * z / (4 * n * n)) / (1 + z * z / n)
        # At the ends the formula gives 0 and 1 but for rounding.
        low = 0.0 if self.hits == 0 else max(middle - half, 0.0)
        high = 1.0 if self.hits == n else min(middle + half, 1.0)
        return low, high


def expected_interval(rate: float, count: int, z: float = Z99) -> tuple[float, float]:
    """Where the share of `count` draws lies when each is in with probability `rate`; by default 99 %.

    Normal approximation of the binomial, with the correction of half a draw for its steps.
    """
    if not count:
        return 0.0, 1.0
    half = z * sqrt(rate * (1 - rate) / count) + 0.5 / count
    return max(rate - half, 0.0), min(rate + half, 1.0)
