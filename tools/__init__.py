# SPDX-License-Identifier: Apache-2.0
"""Scripts that write into the tree: figures into documents, splits, bundled photographs, code tables, mutants."""
