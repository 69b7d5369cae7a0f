# SPDX-License-Identifier: Apache-2.0
"""The paper's block diagram in code, for every codec and every scheme: sender, receiver, the sender's own check."""
