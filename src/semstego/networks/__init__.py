# SPDX-License-Identifier: Apache-2.0
"""Networks, one file per published architecture."""
