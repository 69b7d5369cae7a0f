# SPDX-License-Identifier: Apache-2.0
"""Codes that turn message bits into the cheapest changes, or into draws from a law, and the costs that steer them.

submatrix_table   columns found by a seeded search; part of the format
submatrices       columns for every height and block width
trellis           compiled Viterbi algorithm, one vector of 16 states at a time
stc               binary embedding and extraction
ternary           two binary layers: bytes that change by -1, 0 or +1
reference         the binary code once more, slow and obvious, for the tests
permutation       where the elements of a code lie in a picture; part of the format
polar_order       which indices of a polar code carry the message; part of the format
polar             symbols drawn from a law given that they carry a message, and how far that is from the law
polar_tree        its compiled loops
polar_reference   polar codes once more, slow and obvious, for the tests
"""
