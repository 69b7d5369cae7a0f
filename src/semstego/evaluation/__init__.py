# SPDX-License-Identifier: Apache-2.0
"""What hiding costs and how well it reads: the columns of the paper's Table II, and the gap of the receiver's task."""
