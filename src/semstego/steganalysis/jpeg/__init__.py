# SPDX-License-Identifier: Apache-2.0
"""JPEG as a warden needs it: which file a picture could stem from, and what that file decodes to, pixel for pixel."""
