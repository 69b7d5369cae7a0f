# SPDX-License-Identifier: Apache-2.0
"""Batches of scenes: mosaics of four or single pictures, mirrored or not, made beside the training that takes them."""

from concurrent.futures import Future, ThreadPoolExecutor

import numpy as np
import torch
from numpy.random import Generator
from numpy.typing import NDArray
from torch import Tensor

from semstego.datasets.letterbox import Letterbox
from semstego.datasets.scenes import NO_OBJECT, Scenes, rows_of
from semstego.datasets.tensors import batch as as_batch
from semstego.tasks.detection.mosaic import PICTURES, mosaic
from semstego.training.batches import Shares

Scene = tuple[NDArray[np.uint8], NDArray[np.float32]]
"""A picture ``(side, side, 3)`` and its objects, ``(k, 6)`` as in :class:`semstego.datasets.scenes.Scenes`."""


class SceneBatches:
    """The scenes of a training, in the order in which its processes take them.

    What a step gets depends on the seed and its number alone. The next batch is made by another thread meanwhile.

    Args:
        data: The scenes.
        batch: Pictures per step, over all processes.
        sides: Of the pictures of each epoch [pixels]; the last one holds for all later epochs.
        mosaic: Share of the pictures that are mosaics of four.
        flip: Whether pictures are mirrored, with probability 1/2.
        seed: Of the order and of everything else that is drawn.
        device: Where batches are needed.
        rank: Number of this process.
        processes: Number of processes; each takes its share of every batch.

    Raises:
        ConfigError: If the scenes do not fill one batch, or the processes cannot share it evenly.
    """

    def __init__(
        self,
        data: Scenes,
        batch: int,
        *,
        sides: tuple[int, ...],
        mosaic: float,
        flip: bool,
        seed: int,
        device: torch.device,
        rank: int = 0,
        processes: int = 1,
    ) -> None:
        self._shares = Shares(len(data), batch, seed, rank, processes)
        self.data, self.batch, self.sides, self.mosaic, self.flip = data, batch, sides, mosaic, flip
        self.seed, self.device, self.rank = seed, device, rank
        self._thread = ThreadPoolExecutor(1)
        self._next: tuple[int, Future[tuple[Tensor, Tensor]]] | None = None

    @property
    def per_epoch(self) -> int:
        """Batches of one pass through the scenes; those that are left over fill no batch."""
        return self._shares.per_epoch

    def at(self, step: int) -> tuple[Tensor, Tensor]:
        """This process's share of the batch of one step.

        Args:
            step: Number of the step, from 0.

        Returns:
            Float RGB ``(b, 3, side, side)`` in [0, 1], and objects ``(b, m, 6)`` as in
            :class:`semstego.datasets.scenes.Scenes`.
        """
        ready = self._next
        self._next = (step + 1, self._thread.submit(self._made, step + 1))
        pictures, objects = ready[1].result() if ready is not None and ready[0] == step else self._made(step)
        return pictures.to(self.device), objects.to(self.device)

    def _made(self, step: int) -> tuple[Tensor, Tensor]:
        generator = np.random.default_rng((self.seed, self.rank, step, 1))
        side = self.sides[min(step // self.per_epoch, len(self.sides) - 1)]
        scenes = [self._scene(int(one), side, generator) for one in self._shares.at(step)]
        objects = [its for _, its in scenes]
        rows = rows_of([its[:, 0] for its in objects], [its[:, 1:5] for its in objects], [its[:, 5] for its in objects])
        return as_batch(np.stack([picture for picture, _ in scenes])), torch.from_numpy(rows)

    def _scene(self, number: int, side: int, generator: Generator) -> Scene:
        """One picture of a batch: the scene itself, or a mosaic of it and three others."""
        if generator.random() < self.mosaic:
            numbers = [number, *generator.integers(len(self.data), size=PICTURES - 1).tolist()]
            scene = self._mosaic([numbers[place] for place in generator.permutation(PICTURES)], side, generator)
        else:
            scene = self._whole(number, side)
        return _mirrored(scene) if self.flip and generator.random() < 0.5 else scene

    def _mosaic(self, numbers: list[int], side: int, generator: Generator) -> Scene:
        objects = [self._objects(number) for number in numbers]
        made = mosaic(
            [self.data.pictures[number] for number in numbers], [its[:, 1:5] for its in objects], side, generator
        )
        found = np.array([objects[source][place] for source, place in made.sources], np.float32).reshape(-1, 6)
        found[:, 1:5] = made.boxes
        return made.picture, found

    def _whole(self, number: int, side: int) -> Scene:
        picture, objects = self.data.pictures[number], self._objects(number).copy()
        fitted = Letterbox(picture.shape[0], picture.shape[1], side)
        objects[:, 1:5] = fitted.boxes(objects[:, 1:5])
        return fitted.picture(picture), objects

    def _objects(self, number: int) -> NDArray[np.float32]:
        rows: NDArray[np.float32] = self.data.labels[number]
        return np.compress(rows[:, 0] != NO_OBJECT, rows, 0)


def _mirrored(scene: Scene) -> Scene:
    """Left and right exchanged."""
    picture, objects = scene
    mirrored = objects.copy()
    mirrored[:, 1], mirrored[:, 3] = picture.shape[1] - objects[:, 3], picture.shape[1] - objects[:, 1]
    return np.ascontiguousarray(picture[:, ::-1]), mirrored
