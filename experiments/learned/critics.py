# SPDX-License-Identifier: Apache-2.0
r"""E before, while and after it learned from critics, as schemes that an audit takes by their place.

    python -m experiments.detection.table data --name audit_adversarial --schemes syndrome adversarial \
        experiments.learned.critics:new experiments.learned.critics:scratch --payloads 0.1 1.0 --pairs 800 300 800 \
        --detectors SPAM joint --seeds 3                     # results/audit_adversarial.json
    python -m experiments.detection.table data --name audit_losses --schemes adversarial \
        experiments.learned.critics:imitation experiments.learned.critics:paper_losses --payloads 1.0 \
        --pairs 800 300 800 --detectors SPAM joint --seeds 3 # results/audit_losses.json
    python -m experiments.detection.table data --name audit_seeds --schemes adversarial \
        experiments.learned.critics:seed_4 --payloads 0.1 1.0 --pairs 800 300 800 --detectors joint --seeds 3
                                                             # results/audit_seeds.json

    new             the network before its training: all changes cost the same, which is LSB matching with a code
    scratch         after configs/costs-64.yaml, from `new` against critics alone
    imitation       after configs/costs-64-imitation.yaml, from costs by hand alone
    adversarial     what ships: after configs/costs-64-imitated.yaml, imitation, then critics by the bounded loss
    seed_4          as what ships, from another start: by the plan runs/costs-64-seed-4.yaml, which is made by
                    sed 's/seed: 3/seed: 4/' configs/costs-64-imitated.yaml > runs/costs-64-seed-4.yaml
    paper_losses    after configs/costs-64-paper-losses.yaml, the same by 1 / (cross-entropy + epsilon)

Those that do not ship are read from runs/, where `semstego train-costs configs/NAME.yaml --run runs/NAME -o
runs/NAME.safetensors` puts them. The detectors of the audit had no part in the training; `joint` predicts symbols as
critics and costs do, from 3x3 symbols of all maps.
"""

from experiments import record
from semstego.schemes.adversarial.scheme import AdversarialScheme
from semstego.schemes.syndrome import costs
from semstego.schemes.syndrome.scheme import SyndromeScheme


def new() -> SyndromeScheme:
    """Uniform costs."""
    return SyndromeScheme(costs.uniform, side_informed=False, name="new")


def scratch() -> AdversarialScheme:
    """Costs that were learned from critics alone."""
    return trained("costs-64", "scratch")


def imitation() -> AdversarialScheme:
    """Costs that were learned from costs by hand alone."""
    return trained("costs-64-imitation", "imitation")


def paper_losses() -> AdversarialScheme:
    """Costs that were learned as those that ship, but by 1 / (cross-entropy + epsilon)."""
    return trained("costs-64-paper-losses", "paper losses")


def seed_4() -> AdversarialScheme:
    """Costs that were learned as those that ship, from another start."""
    return trained("costs-64-seed-4", "seed 4")


def trained(run: str, name: str) -> AdversarialScheme:
    return AdversarialScheme(weights=record.ROOT / "runs" / f"{run}.safetensors", name=name)
