# SPDX-License-Identifier: Apache-2.0
"""The receiver's AI tasks, each a frozen :class:`semstego.tasks.base.Task`, found by name."""
