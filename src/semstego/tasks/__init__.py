# SPDX-License-Identifier: Apache-2.0
"""The receiver's AI tasks: each as a frozen :class:`semstego.tasks.base.Task`, and its training."""
