# SPDX-License-Identifier: Apache-2.0
"""Do messages come back exactly, and does damage ever pass for a message?"""
