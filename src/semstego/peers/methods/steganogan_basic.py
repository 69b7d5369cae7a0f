# SPDX-License-Identifier: Apache-2.0
"""SteganoGAN, the basic architecture."""

from semstego.peers.methods._steganogan import SteganoGan

PEER = SteganoGan("basic")
