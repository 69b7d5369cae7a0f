# SPDX-License-Identifier: Apache-2.0
"""The closed block codec: an orthonormal basis in integers, exact at both stages."""
