"""How far are the brightest stars, and how bright are they really?

No client code: `asyncluster job map` calls `distance` once for each row of a file.

    asyncluster job map examples/stars.py:distance examples/stars.csv -o stars.jsonl

`stars.csv` holds visual magnitudes and parallaxes in milliarcseconds with their errors, from the new reduction of the
Hipparcos data (F. van Leeuwen, Astronomy & Astrophysics 474, 2007). A distance is one over the parallax, so an error
of the parallax does not become an even error of the distance: it is found by drawing parallaxes that could be true.
"""

import math
import random

LIGHT_YEARS_PER_PARSEC = 3.2616
DRAWS = 50_000


def distance(star: dict[str, str]) -> dict[str, object]:
    """Distance in light years and absolute magnitude of one star, each with the bounds of its 68 % interval."""
    parallax, error = float(star["parallax"]), float(star["parallax_error"])
    source = random.Random(star["name"])
    drawn = (source.gauss(parallax, error) for _ in range(DRAWS))
    parsecs = sorted(1000 / value for value in drawn if value > 0)
    low, middle, high = (parsecs[int(len(parsecs) * share)] for share in (0.16, 0.5, 0.84))
    magnitude = float(star["magnitude"])
    return {
        "name": star["name"],
        "light_years": [round(value * LIGHT_YEARS_PER_PARSEC, 1) for value in (low, middle, high)],
        "absolute_magnitude": [round(magnitude + 5 - 5 * math.log10(value), 2) for value in (high, middle, low)],
    }
