# SPDX-License-Identifier: Apache-2.0
"""One folder a study; every figure in results/ is written by one of these modules."""
