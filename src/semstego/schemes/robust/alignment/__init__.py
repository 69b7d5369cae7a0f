# SPDX-License-Identifier: Apache-2.0
"""Where the cells are in a picture that was cut, resized, turned or toned: the pilots tell."""
