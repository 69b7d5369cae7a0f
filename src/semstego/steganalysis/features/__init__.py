# SPDX-License-Identifier: Apache-2.0
"""Features: fixed functions from maps to vectors, on which a classifier is trained."""
