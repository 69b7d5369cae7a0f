# SPDX-License-Identifier: Apache-2.0
"""The learned scheme beside the paper, on files, on other sets, and its training."""
