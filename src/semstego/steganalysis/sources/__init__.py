# SPDX-License-Identifier: Apache-2.0
"""Where the pairs of cover and stego come from: folders of files, or our own schemes on crops of photographs."""
