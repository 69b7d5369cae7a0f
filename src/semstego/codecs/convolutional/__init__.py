# SPDX-License-Identifier: Apache-2.0
"""The paper's codec: Es and Ds as convolutional networks, and the quantiser of Eq. 9; an open codec."""
