# SPDX-License-Identifier: Apache-2.0
"""Networks, one file each: GoogLeNet (the AI task), SRNet (critics, detector), XuNet and DenseLabels (detectors)."""
