# SPDX-License-Identifier: Apache-2.0
"""Pictures and files, in and out."""
