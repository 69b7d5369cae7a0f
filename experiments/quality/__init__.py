# SPDX-License-Identifier: Apache-2.0
"""What codec and message do to pictures, and how many bits the streams take."""
