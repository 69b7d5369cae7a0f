# SPDX-License-Identifier: Apache-2.0
"""One file for each peer; its package is imported in its own environment alone, when it is asked to work."""
