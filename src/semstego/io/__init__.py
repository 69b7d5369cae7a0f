# SPDX-License-Identifier: Apache-2.0
"""Reading pictures, which are checked first, and writing files, which are written completely or not at all."""
