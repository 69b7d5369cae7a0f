# SPDX-License-Identifier: Apache-2.0
"""The shipped detectors, a file each: the file's name in any case is what ``semstego audit --detectors`` takes."""
