# SPDX-License-Identifier: Apache-2.0
"""Two drawings that explain certified hiding: the law of one symbol, and a polar code of eight symbols."""

import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_svg import FigureCanvasSVG
from matplotlib.figure import Figure
from numpy.typing import NDArray

from semstego.coding.polar_order import public_order
from semstego.plots.figures import svg

VALUE = 0.3  # of the drawn symbol, before it is rounded
CHANCES = (0.30, 0.20, 0.45, 0.10, 0.50, 0.25, 0.35, 0.40)  # of the eight symbols
MESSAGE = 2  # message indices of the code that is drawn


def law_of_a_symbol() -> bytes:
    """SVG: a value x + u with u uniform in (-1/2, 1/2) is rounded to one of two symbols."""
    figure = Figure((7, 2.6), layout="constrained")
    FigureCanvasSVG(figure)
    axes = figure.subplots()
    axes.fill_between([VALUE - 0.5, 0.5], 0, 1, color="#1f77b4", alpha=0.25)
    axes.fill_between([0.5, VALUE + 0.5], 0, 1, color="#d62728", alpha=0.25)
    axes.axvline(VALUE, color="black", linewidth=1)
    axes.text(VALUE, 1.05, f"x = {VALUE:g}", ha="center", fontsize=9)
    axes.text(VALUE / 2 - 0.1, 0.45, f"rounded to 0\nwith probability {1 - VALUE:.1f}", ha="center", fontsize=9)
    axes.text((0.5 + VALUE + 0.5) / 2, 0.45, f"to 1\nwith {VALUE:.1f}", ha="center", fontsize=9)
    axes.axvline(0.5, color="grey", linewidth=0.8, linestyle=":")
    axes.set(xlim=(-0.6, 1.4), ylim=(0, 1.25), yticks=[], xticks=[0, 0.5, 1], xlabel="x + u [steps]")
    axes.set_title("D = 1: u is uniform in (-1/2, 1/2)", fontsize=10)
    return svg(figure)


def polar_tree() -> bytes:
    """SVG: how much each index of a code of eight symbols is known beforehand, level by level of the recursion."""
    figure = Figure((8, 4.2), layout="constrained")
    FigureCanvasSVG(figure)
    axes = figure.subplots()
    levels = _levels((1 - 2 * np.array(CHANCES)) ** 2)
    size, depth = len(CHANCES), len(levels)
    for level in range(depth - 1):
        _butterflies(axes, depth - 1 - level, size >> level + 1, size)
    message = set(public_order(size)[:MESSAGE].tolist())
    for level, bounds in enumerate(levels):
        for place, bound in enumerate(bounds):
            last = level == depth - 1
            colour = "#d62728" if last and place in message else "#1f77b4"
            axes.text(place, depth - 1 - level, f"{bound:.2f}", ha="center", va="center", fontsize=9, color="white",
                      bbox={"boxstyle": "round", "facecolor": colour, "edgecolor": "none"})  # fmt: skip
    axes.set(xlim=(-0.6, size - 0.4), ylim=(-0.7, depth - 0.4), xticks=range(size), yticks=range(depth))
    axes.set_xticklabels([f"u{place}" for place in range(size)])
    axes.set_yticklabels(["indices u", "", "", "symbols x"])
    axes.tick_params(length=0)
    axes.spines[:].set_visible(False)
    axes.set_title(f"bounds on E[d^2]: 0 is a fair coin, 1 is known; the {MESSAGE} message indices in red", fontsize=10)
    return svg(figure)


def _levels(symbols: NDArray[np.float64]) -> list[NDArray[np.float64]]:
    """The recursion of the certificate, from the symbols to the indices."""
    levels, half = [symbols], len(symbols) // 2
    while half:
        pairs = levels[-1].reshape(-1, 2, half)
        a, b = pairs[:, 0], pairs[:, 1]
        plus = (a + b - 2 * a * b) / (1 - a * b) if len(levels) == 1 else a + b - a * b
        levels.append(np.stack([a * b, plus], axis=1).reshape(-1))
        half //= 2
    return levels


def _butterflies(axes: Axes, height: int, half: int, size: int) -> None:
    """Lines from one level to the next."""
    for start in range(0, size, 2 * half):
        for place in range(start, start + half):
            for above in (place, place + half):
                for below in (place, place + half):
                    axes.plot([above, below], [height - 0.12, height - 0.88], color="grey", linewidth=0.7, zorder=0)
