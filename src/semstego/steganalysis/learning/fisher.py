# SPDX-License-Identifier: Apache-2.0
"""The Fisher discriminant with a ridge, on standardised features, in closed form.

[Cogranne2015] R. Cogranne, V. Sedighi, J. Fridrich, T. Pevny, "Is ensemble classifier needed for steganalysis in
high-dimensional feature spaces?", IEEE WIFS 2015: ridge-regularised least squares detect as well as the ensemble.

    training photographs    mean and deviation of every feature; the direction w for every ridge
    validation photographs  the ridge (highest AUC), then the threshold (least P_E)
    test photographs        P_E, interval over photographs

Least squares on labels -1 and +1, with as many covers as stegos, give Fisher's direction. With Z the standardised
features, Z'Z w + lambda w = Z'y. One eigendecomposition of the smaller of Z'Z (primal) and ZZ' (dual) serves every
lambda. Nothing is random: the same features give the same discriminant.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from semstego.metrics.detection import auc, best_threshold

__all__ = ["RIDGES", "FisherDiscriminant"]

RIDGES = tuple(float(10**exponent) for exponent in np.arange(-4, 2.1, 0.5))
"""The ridge strengths that are tried, as multiples of the mean non-zero eigenvalue of Z'Z."""


@dataclass(frozen=True, eq=False)
class FisherDiscriminant:
    """A direction in feature space and the threshold beyond which a picture is called stego."""

    weights: NDArray[np.float64]
    """Weight of every feature as it is given, ``p``; 0 for features that are constant in training."""
    bias: float
    """Added to the weighted sum, so that the mean of the training features scores 0."""
    threshold: float
    """A score above it is an alarm; infinite if no threshold beat a constant answer."""
    ridge: float
    """The strength that was chosen, one of the grid."""

    @classmethod
    def fit(
        cls,
        cover_features: NDArray[np.floating],
        stego_features: NDArray[np.floating],
        *,
        validation_cover: NDArray[np.floating],
        validation_stego: NDArray[np.floating],
        ridges: Sequence[float] = RIDGES,
    ) -> "FisherDiscriminant":
        """Train on pairs, then choose the ridge and the threshold on other photographs.

        Args:
            cover_features: Training features of cover ``n p``.
            stego_features: Training features of stego ``n p``, of the same pictures.
            validation_cover: Features ``m p`` of cover from photographs that are not in training.
            validation_stego: Features ``m p`` of stego from those photographs.
            ridges: The grid; of equally good strengths the largest is chosen.

        Returns:
            The discriminant.

        Raises:
            ValueError: If cover and stego are not of the same shape, or all features are constant.
        """
        if cover_features.shape != stego_features.shape:
            raise ValueError(f"pairs wanted, got {cover_features.shape} cover and {stego_features.shape} stego")
        features = np.concatenate([cover_features, stego_features]).astype(np.float64)
        labels = np.repeat([-1.0, 1.0], len(cover_features))
        mean, scale = features.mean(0), features.std(0)
        # The bound is float32's rounding with room to spare: below it a deviation is noise of the arithmetic.
        moving = scale > 1e-6 * np.abs(mean) + 1e-12
        if not moving.any():
            raise ValueError("no feature differs between any two training pictures")
        features -= mean
        directions = np.zeros((features.shape[1], len(ridges)))
        directions[moving] = _ridge_directions(features[:, moving] / scale[moving], labels, sorted(ridges))
        directions[moving] /= scale[moving, np.newaxis]
        biases = -mean @ directions
        cover, stego = validation_cover @ directions + biases, validation_stego @ directions + biases
        areas = np.array([auc(cover[:, k], stego[:, k]) for k in range(len(ridges))])
        best = int(np.flatnonzero(areas == areas.max())[-1])
        threshold = best_threshold(cover[:, best], stego[:, best])
        return cls(directions[:, best], float(biases[best]), threshold, sorted(ridges)[best])

    def score(self, features: NDArray[np.floating]) -> NDArray[np.float64]:
        """Score pictures.

        Args:
            features: ``n p``, computed as the training features were.

        Returns:
            ``n`` scores; a higher score means stego is more likely.
        """
        return np.asarray(features @ self.weights + self.bias)


def _ridge_directions(
    standardised: NDArray[np.float64], labels: NDArray[np.float64], ridges: Sequence[float], *, dual: bool | None = None
) -> NDArray[np.float64]:
    """Solve (Z'Z + lambda) w = Z'y for every lambda.

    Args:
        standardised: Z, ``n p``.
        labels: y, ``n``.
        ridges: Strengths, as multiples of the mean non-zero eigenvalue.
        dual: Whether to decompose ZZ' instead of Z'Z; None for whichever is smaller.

    Returns:
        ``p len(ridges)``, one direction per column.
    """
    samples, size = standardised.shape
    dual = samples < size if dual is None else dual
    gram = standardised @ standardised.T if dual else standardised.T @ standardised
    strengths = np.asarray(ridges) * np.trace(gram) / min(samples, size)
    eigenvalues, vectors = np.linalg.eigh(gram)
    target = labels if dual else standardised.T @ labels
    # Rounding leaves eigenvalues of a singular matrix slightly below zero.
    shrunk = (vectors.T @ target)[:, np.newaxis] / (np.maximum(eigenvalues, 0)[:, np.newaxis] + strengths)
    directions: NDArray[np.float64] = standardised.T @ (vectors @ shrunk) if dual else vectors @ shrunk
    return directions
