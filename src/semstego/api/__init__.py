# SPDX-License-Identifier: Apache-2.0
"""The public functions behind ``import semstego``, and what whole commands do."""
