# SPDX-License-Identifier: Apache-2.0
"""What codec and message do to the receiver's task."""
