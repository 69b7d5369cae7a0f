# SPDX-License-Identifier: Apache-2.0
"""Published networks, one file each: GoogLeNet (the AI task), SRNet (critics, detector) and XuNet (detector)."""
