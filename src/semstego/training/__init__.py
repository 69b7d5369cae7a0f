# SPDX-License-Identifier: Apache-2.0
"""Training on Lightning Fabric: one loop for everything that is trained.

    config (YAML) ─▶ Experiment: networks, optimisers, one step ─▶ fit ─▶ run folder: checkpoint, log.csv, TensorBoard

    experiment                  trains                                          by
    ----------                  ------                                          --
    codec.CodecTraining         Es and Ds                                       eq. 3
    hiding.LearnedTraining      E, D1, D2, and perhaps Es, Ds, G1, G2           eqs. 10 to 17, Algorithm 1
    classifier.ClassifierTraining   GoogLeNet, the AI task                      cross-entropy
    basis.TaskCodecTraining     the basis of the block codec                    eq. 3

All random draws of step n, dropout included, follow from (seed, process, n), and the order of the pictures from
(seed, pass). A checkpoint therefore needs no states of generators, and a resumed run equals an uninterrupted one.
"""
