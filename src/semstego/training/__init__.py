# SPDX-License-Identifier: Apache-2.0
"""Training on Lightning Fabric: one loop for everything that learns.

    config (YAML) ─▶ Experiment: networks, optimisers, one step ─▶ fit ─▶ run folder: checkpoint, log.csv, TensorBoard

All random draws of step n, dropout included, follow from (seed, process, n), and the order of the pictures from
(seed, epoch). A checkpoint therefore needs no generator states, and a resumed run equals an uninterrupted one.
"""
