# SPDX-License-Identifier: Apache-2.0
"""A message becomes bits that look like fair coin flips, and back. No pictures, no torch."""
