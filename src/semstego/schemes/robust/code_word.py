# SPDX-License-Identifier: Apache-2.0
"""A frame's bits become a code word, whose bits data slots carry, some more often than others; and back.

frame ──LDPC code of 5G at its least rate──▶ code word ──order by the key──▶ places, which slots take
"""

import numpy as np
from numpy.typing import NDArray

from semstego.coding.ldpc import Code
from semstego.message.bits import Bits
from semstego.message.cipher import Key
from semstego.schemes.robust.layout import Format


def encoded(frame: Bits, form: Format, key: Key) -> Bits:
    """The bits of all places, uint8 ``(word_bits,)``."""
    return Code(form.frame_bits, form.word_bits).encode(frame)[_order(form, key)]


def decoded(logits: NDArray[np.float64], places: NDArray[np.int64], form: Format, key: Key) -> Bits:
    """The likeliest frame, by what each slot tells about the bit of its place; nothing says whether it is right.

    Args:
        logits: log p(1) / p(0), ``(cells, slots)``.
        places: Of the slots, of the same shape.
        form: Of the frame.
        key: Of sender and receiver.
    """
    sums = np.zeros(form.word_bits)
    sums[_order(form, key)] = np.bincount(places.ravel(), logits.ravel(), form.word_bits)
    return Code(form.frame_bits, form.word_bits).decode(sums.astype(np.float32))


def _order(form: Format, key: Key) -> NDArray[np.int64]:
    """Which bit of the code word each place has."""
    return key.permutation("robust word", str(form.frame_bits).encode(), form.word_bits)
