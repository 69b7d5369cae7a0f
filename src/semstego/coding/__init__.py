# SPDX-License-Identifier: Apache-2.0
"""Codes that turn message bits into the cheapest changes, and the costs that steer them.

submatrix_table   columns found by a seeded search; part of the format
submatrices       columns for every height and block width
trellis           compiled Viterbi algorithm, one vector of 16 states at a time
stc               binary embedding and extraction
ternary           two binary layers: bytes that change by -1, 0 or +1
reference         the binary code once more, slow and obvious, for the tests
"""
