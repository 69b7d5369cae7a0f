# SPDX-License-Identifier: Apache-2.0
"""What is shown beside the paper's figures: the demo, the sheet, and how the codecs were fitted."""
