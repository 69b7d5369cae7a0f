# SPDX-License-Identifier: Apache-2.0
"""Detectability of all schemes by the detectors of ``semstego audit``, and what an audit costs."""
