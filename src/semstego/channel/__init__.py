# SPDX-License-Identifier: Apache-2.0
"""What happens between sender and receiver."""
