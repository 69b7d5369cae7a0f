# SPDX-License-Identifier: Apache-2.0
"""Object detection: what training and judging a detector is made of. Boxes are left, top, right, bottom in pixels."""

from semstego.tasks.detection.task import TASK

__all__ = ["TASK"]
