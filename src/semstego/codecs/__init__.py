# SPDX-License-Identifier: Apache-2.0
"""Codecs: a picture becomes symbols, symbols become a picture and bytes; and how they are found."""
