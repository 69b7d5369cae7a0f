# SPDX-License-Identifier: Apache-2.0
"""A pytest plugin: Hypothesis stops at the first failure, the same in every run; nobody reads the smallest example."""

from hypothesis import Phase, settings

settings.register_profile("mutants", phases=[Phase.explicit, Phase.generate], derandomize=True, database=None)
settings.load_profile("mutants")
