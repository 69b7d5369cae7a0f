# SPDX-License-Identifier: Apache-2.0
"""The warden: features (``spam``) and judges (``judge``) that tell stego from cover."""
