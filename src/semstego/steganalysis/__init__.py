# SPDX-License-Identifier: Apache-2.0
"""Steganalysis: how well detectors tell pictures with a message from the same pictures without one."""
