# SPDX-License-Identifier: Apache-2.0
"""What a figure in a table means: of pictures (``image``), of payloads (``message``), of detectors (``detection``)."""
