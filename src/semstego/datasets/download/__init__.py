# SPDX-License-Identifier: Apache-2.0
"""Files from the network, from Debian's packages or from a folder, checked before they are used."""
