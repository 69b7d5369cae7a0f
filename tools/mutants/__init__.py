# SPDX-License-Identifier: Apache-2.0
"""Small faults of the core, each of which a unit test must notice; ``python -m tools.mutants`` tries them."""
