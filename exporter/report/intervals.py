"""How uncertain a distribution is: bands around a curve, intervals around a share; all at 95 % confidence."""

import math

Z = 1.959964  # the normal quantile of 97.5 %
ERROR = 0.05


def band(n: int) -> float:
    """Return the half width of a cumulative distribution's simultaneous band, in shares; 1 of nothing.

    sqrt(ln(2 / 0.05) / 2n), for independent values. Source: Dvoretzky, Kiefer and Wolfowitz 1956, Massart 1990.
    """
    return min(math.sqrt(math.log(2 / ERROR) / (2 * n)), 1.0) if n else 1.0


def wilson(part: int, n: int) -> tuple[float, float]:
    """Return the interval of a share, which stays within 0 to 1 and is never empty; all of it where n is 0.

    Source: Wilson, Journal of the American Statistical Association 1927.
    """
    if not n:
        return 0.0, 1.0
    p, square = part / n, Z * Z / n
    centre = p + square / 2
    half = Z * math.sqrt(p * (1 - p) / n + square / (4 * n))
    return max((centre - half) / (1 + square), 0.0), min((centre + half) / (1 + square), 1.0)
