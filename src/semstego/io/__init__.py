# SPDX-License-Identifier: Apache-2.0
"""Pictures and files: what comes in is checked before it is believed, what goes out is whole or not there."""
