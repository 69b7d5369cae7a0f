# SPDX-License-Identifier: Apache-2.0
"""Other people's tools that hide a message in a picture: each runs in an environment of its own, behind one adapter."""
