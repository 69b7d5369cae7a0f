# SPDX-License-Identifier: Apache-2.0
"""Data sets: what they offer, those that are fetched or built, and folders of photographs."""
