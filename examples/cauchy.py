"""Bayesian inference on a cluster: where is a Cauchy process, and how wide is it?

50 000 observations come from a Cauchy distribution. Population Monte Carlo finds the posterior of its location and
scale: a population of 1000 chains moves by random steps of several sizes; each new place is weighted by its likelihood
over the density with which it was proposed; the population is drawn anew by these weights, and the step sizes that
led to good places are used more often in the next iteration. (O. Cappé, A. Guillin, J. M. Marin and C. P. Robert,
"Population Monte Carlo", Journal of Computational and Graphical Statistics 13, 2004.)

Nearly all the time goes into the likelihood, 50 million logarithms an iteration. That part runs on the workers. The
data reach each worker once, by `update`; after that a call carries only the places to look at.

    python examples/cauchy.py                     on this machine, with a cluster of its own
    python examples/cauchy.py --cluster           on the cluster that this machine's master runs
    python examples/cauchy.py --plot cauchy.png   draws trace and posterior as well
"""

from __future__ import annotations

import argparse
import math
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

import asyncluster as ac

Floats = NDArray[np.float64]

OBSERVATIONS, LOCATION, SCALE = 50_000, 0.1, 0.4
CHAINS, BATCH = 1000, 20  # chains in all, and in one call

#: What lives on the workers: the job's namespace.
NAMESPACE = """
import numpy as np

data = np.empty(0)

def new_data(observations):
    global data
    data = observations

def log_likelihood(places):
    "Log likelihoods, up to a constant, of places (location, log scale) given as rows."
    result = np.empty(len(places))
    for i, (location, log_scale) in enumerate(places):
        z = (data - location) * np.exp(-log_scale)
        result[i] = -len(data) * log_scale - np.log1p(z * z).sum()
    return result
"""


def observe(seed: int) -> Floats:
    """The observations."""
    return LOCATION + SCALE * np.random.default_rng(seed).standard_cauchy(OBSERVATIONS)


class Population:
    """The chains, and the step sizes that they have learned to use.

    Args:
        data: gives the place to start from, by its quartiles, and a step size that suits its number.
        random: source of all randomness.
    """

    def __init__(self, data: Floats, random: np.random.Generator) -> None:
        low, middle, high = np.quantile(data, [0.25, 0.5, 0.75])
        step = math.sqrt(2 / len(data))  # about the posterior's width
        self.steps: Floats = step * np.array([0.1, 0.5, 1.0, 4.0, 20.0])
        self.usage: Floats = np.full(len(self.steps), 1 / len(self.steps))
        self._random = random
        width = (high - low) / 2  # the quartiles of a Cauchy distribution lie one scale from its middle
        start = np.array([middle, math.log(width)])
        self._scales = np.array([width, 1.0])
        self.places: Floats = start + 10 * step * self._scales * random.standard_normal((CHAINS, 2))

    def propose(self) -> Floats:
        """A new place for each chain."""
        self._used = self._random.choice(len(self.steps), size=CHAINS, p=self.usage)
        self._from = self.places
        moves = self.steps[self._used, None] * self._scales * self._random.standard_normal((CHAINS, 2))
        self._proposed: Floats = self._from + moves
        return self._proposed

    def judge(self, log_likelihoods: Floats) -> Floats:
        """Weighs the proposed places, draws the next population from them, and returns the weights (sum 1)."""
        log_weights = log_likelihoods - self._log_density()
        weights = np.exp(log_weights - log_weights.max())
        weights /= weights.sum()
        chosen = self._random.choice(CHAINS, size=CHAINS, p=weights)
        self.places = self._proposed[chosen]
        counts = np.bincount(self._used[chosen], minlength=len(self.steps))
        self.usage = (counts + 0.02 * CHAINS) / (counts + 0.02 * CHAINS).sum()  # no size is ever given up
        return weights

    def _log_density(self) -> Floats:
        """Log density with which each place was proposed by its own chain: a mixture over the step sizes."""
        distance = (((self._proposed - self._from) / self._scales) ** 2).sum(axis=1)
        sizes = self.steps[:, None]
        parts = self.usage[:, None] * np.exp(-distance / (2 * sizes**2)) / sizes**2
        return np.log(parts.sum(axis=0))


@dataclass
class Estimate:
    """The posterior's mean of one parameter, and the half width of its 95 % interval."""

    name: str
    truth: float
    mean: float
    error: float

    def __str__(self) -> str:
        verdict = "as it should be" if abs(self.mean - self.truth) <= self.error else "outside"
        return f"{self.name:8} {self.mean:.4f} ± {self.error:.4f}   (true: {self.truth}, {verdict})"


def infer(
    data: Floats, log_likelihood: Callable[[Floats], Floats], iterations: int, seed: int
) -> Iterator[tuple[Floats, Floats, Floats]]:
    """Runs the iterations.

    Yields:
        Of each iteration the proposed places as rows (location, scale), their weights, and the usage of the step sizes.
    """
    population = Population(data, np.random.default_rng(seed))
    for _ in range(iterations):
        places = population.propose()
        weights = population.judge(log_likelihood(places))
        yield np.column_stack([places[:, 0], np.exp(places[:, 1])]), weights, population.usage


def estimates(places: Floats, weights: Floats) -> list[Estimate]:
    """Location and scale, from weighted places (weights of sum 1)."""
    means = weights @ places
    errors = 1.96 * np.sqrt(weights @ (places - means) ** 2)
    columns = zip(("location", "scale"), (LOCATION, SCALE), means, errors, strict=True)
    return [Estimate(name, truth, float(mean), float(error)) for name, truth, mean, error in columns]


def one_core_seconds(data: Floats) -> float:
    """How long one core would take for the likelihoods of one iteration: its own time, for a tenth of them, by ten."""
    namespace: dict[str, object] = {}
    exec(NAMESPACE, namespace)
    namespace["data"] = data
    places = np.tile([LOCATION, math.log(SCALE)], (CHAINS // 10, 1))
    start = time.process_time()
    namespace["log_likelihood"](places)  # type: ignore[operator]
    return 10 * (time.process_time() - start)


def draw(path: str, found: Inference) -> None:
    """Draws how the estimates settle, and the posterior."""
    import matplotlib

    matplotlib.use("agg")
    from matplotlib import pyplot

    figure, axes = pyplot.subplots(1, 3, figsize=(12, 3.6), layout="constrained")
    numbers = np.arange(1, len(found.trace) + 1)
    for index, (axis, colour) in enumerate(zip(axes, ("#4A43BF", "#30A86C"), strict=False)):
        means = np.array([row[index].mean for row in found.trace])
        errors = np.array([row[index].error for row in found.trace])
        axis.plot(numbers, means, color=colour)
        axis.fill_between(numbers, means - errors, means + errors, color=colour, alpha=0.2)
        axis.axhline(found.estimates[index].truth, color="#BD231D", linewidth=1, linestyle="--")
        axis.set(title=f"{found.estimates[index].name.capitalize()}, by iteration", xlabel="iteration", xlim=(1, None))
    sides = [(each.mean - 2.5 * each.error, each.mean + 2.5 * each.error) for each in found.estimates]
    axes[2].hist2d(*found.places.T, bins=60, range=sides, weights=found.weights, cmap="Purples")
    axes[2].plot(LOCATION, SCALE, "+", color="#BD231D", markersize=14)
    axes[2].set(title="Posterior, and the true values", xlabel="location", ylabel="scale")
    figure.savefig(path, dpi=110)


@dataclass
class Iteration:
    """What one iteration found.

    Attributes:
        number: from 1 ...
        of: ... to this.
        effective: how many chains of equal weight would say as much as the weighted ones do.
        usage: shares of the step sizes, the smallest step first.
    """

    number: int
    of: int
    estimates: list[Estimate]
    effective: float
    usage: Floats

    def __str__(self) -> str:
        location, scale = self.estimates
        shares = " ".join(f"{100 * share:3.0f}" for share in self.usage)
        return (
            f"{self.number:4}  location {location.mean:.4f}  scale {scale.mean:.4f}"
            f"  effective chains {self.effective:4.0f}  steps used {shares} %"
        )


@dataclass
class Inference:
    """The outcome.

    Attributes:
        estimates: from the second half of the iterations.
        trace: those of each iteration.
        places, weights: the sample that the estimates come from.
        seconds: of one iteration on the cluster ...
        alone: ... and of one on a single core.
    """

    estimates: list[Estimate]
    trace: list[list[Estimate]]
    places: Floats
    weights: Floats
    seconds: float
    alone: float

    def __str__(self) -> str:
        speed = f"{self.seconds:.2f} s an iteration; one core alone: {self.alone:.2f} s; "
        return "\n".join([*map(str, self.estimates), f"{speed}speed-up {self.alone / self.seconds:.1f}"])


def infer_on(job: ac.Job, iterations: int, seed: int, report: Callable[[Iteration], None]) -> Inference:
    """The whole inference on a job whose namespace is `NAMESPACE`; `report` hears of each iteration."""
    data = observe(seed)
    alone = one_core_seconds(data)
    job.update("new_data", data)

    def log_likelihood(places: Floats) -> Floats:
        batches = [places[i : i + BATCH] for i in range(0, CHAINS, BATCH)]
        return np.concatenate(list(job.map("log_likelihood", batches, chunksize=1)))

    log_likelihood(np.zeros((CHAINS, 2)))  # all workers are up and have the data from here on
    kept: list[tuple[Floats, Floats]] = []
    trace: list[list[Estimate]] = []
    start = time.perf_counter()
    for places, weights, usage in infer(data, log_likelihood, iterations, seed):
        kept.append((places, weights))
        trace.append(estimates(places, weights))
        report(Iteration(len(trace), iterations, trace[-1], 1 / float(weights @ weights), usage))
    seconds = (time.perf_counter() - start) / iterations
    settled = kept[iterations // 2 :]
    places = np.concatenate([places for places, _ in settled])
    weights = np.concatenate([weights for _, weights in settled]) / len(settled)
    return Inference(estimates(places, weights), trace, places, weights, seconds, alone)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0] if __doc__ else None)
    parser.add_argument("--cluster", action="store_true", help="use the cluster of this machine's master")
    parser.add_argument("--iterations", type=int, default=20)
    parser.add_argument("--seed", type=int, default=2008)
    parser.add_argument("--plot", metavar="FILE")
    options = parser.parse_args()
    cluster = ac.Cluster() if options.cluster else ac.LocalCluster(nodes=2, workers=1)
    with cluster, cluster.job(NAMESPACE, name="cauchy") as job:
        print(f"{OBSERVATIONS:,} observations, {CHAINS:,} chains, {options.iterations} iterations")
        found = infer_on(job, options.iterations, options.seed, print)
    print(found)
    if options.plot:
        draw(options.plot, found)


if __name__ == "__main__":
    main()
