# SPDX-License-Identifier: Apache-2.0
"""The certified scheme: the codec rounds at random for everybody, and hiding samples from that very law.

    Law of the picture ──▶ certificate: the longest payload at this P_E
    frame's bits ────────▶ polar codes draw symbols from the law, given these bits ──▶ stego symbols

No detector, at either stage, trained or not, with the original picture in hand or not, makes fewer errors than
``p_e`` says, as long as it cannot guess the key: total variation is bounded for each picture
(:func:`semstego.coding.polar.tv_bound`), and the reconstruction is a function of the symbols. Layout, order and
certificate depend on the picture alone, neither on the key nor on what is drawn.

Of an open codec, sending and hiding draw again until the receiver recovers the symbols. Both laws are then conditioned
on that, and their divergence grows by at most the factor 1 / P(recovered), which is one of the terms that a divergence
splits into. The probability is not known for a picture; it is taken to be at least 1/2. That is an assumption:
measured ones are in results/open_certified.json.
"""

from collections.abc import Collection
from dataclasses import dataclass

from semstego.codecs.base import Codec, Symbols
from semstego.coding import polar
from semstego.errors import ArgumentError, InfeasibleError
from semstego.message.cipher import Key
from semstego.message.draws import Draws
from semstego.message.frame import OVERHEAD_BYTES, Frame, Reader
from semstego.progress import Progress
from semstego.schemes.base import Cover, Embedding, Scheme, reader_of
from semstego.schemes.certified.sampling import Certificate, drawn, read

P_E = 0.499
LEAST_BITS = 8 * OVERHEAD_BYTES  # of a frame
LEAST_RECOVERED = 0.5  # share of the draws of an open codec that its receiver recovers, at least
LEAST_P_E = 0.4  # certificates are not worth their name below


def kl_budget_nats(p_e: float, codec: Codec) -> float:
    """The largest divergence of hiding from sending, before draws are left out, that keeps a detection error [nats]."""
    return polar.kl_for(p_e) * _recovered(codec)


def tv_bound(kl_nats: float, codec: Codec) -> float:
    """Upper bound on the total variation between what is hidden and what is sent, for such a divergence."""
    return polar.tv_bound(kl_nats / _recovered(codec))


def pictures_within(kl_nats: float, p_e: float, codec: Codec) -> int:
    """How many pictures of such a divergence, hidden in with one key, keep a detection error."""
    return polar.pictures_for(kl_nats / _recovered(codec), p_e)


def _recovered(codec: Codec) -> float:
    """Share of the draws that are sent, at least; a power of two, so that nothing is rounded."""
    return 1.0 if codec.closed else LEAST_RECOVERED


@dataclass(frozen=True)
class CertifiedScheme(Scheme):
    """Default scheme of ``hide``.

    Attributes:
        p_e: What the detection error of every detector is at least, for one picture; 0.5 is guessing.
        name: What reports call it.
    """

    p_e: float = P_E
    name: str = "certified"

    def __post_init__(self) -> None:
        """Check the arguments.

        Raises:
            ArgumentError: If ``p_e`` is none that can be certified.
        """
        if not isinstance(self.p_e, int | float) or not LEAST_P_E <= self.p_e < polar.MOST_P_E:
            raise ArgumentError(f"p_e must be from {LEAST_P_E} to below {polar.MOST_P_E}, not {self.p_e!r:.40}")

    @property
    def keeps_law(self) -> bool:
        """True: it draws from nothing else."""
        return True

    def check_dither(self, cover: Cover) -> None:
        """Refuse a codec that rounds plainly.

        Raises:
            ArgumentError: It names ways out.
        """
        if cover.encoding.law is None:
            raise ArgumentError(
                f"the codec {cover.codec.name!r} rounds plainly, and the scheme {self.name!r} hides in dither alone: "
                "name another scheme (syndrome; learned for its own models), or a codec with dither"
            )

    def capacity_bits(self, cover: Cover) -> int:
        """How many bits of a frame the cover holds, exactly; 0 where the codec has no law."""
        return self.capacities(cover, [self.p_e])[self.p_e]

    def capacities(self, cover: Cover, levels: Collection[float]) -> dict[float, int]:
        """How many bits of a frame the cover holds, by the detection error that is kept, the least first."""
        if cover.encoding.law is None:
            return dict.fromkeys(sorted(levels), 0)
        budgets = {level: kl_budget_nats(level, cover.codec) for level in sorted(levels)}
        certificate = Certificate.of(cover.encoding, max(budgets.values()))
        holds = {level: certificate.bits(nats) for level, nats in budgets.items()}
        return {level: bits if bits >= LEAST_BITS else 0 for level, bits in holds.items()}

    def embed(self, cover: Cover, frame: Frame, key: Key, draws: Draws, progress: Progress) -> Embedding:
        """Hide a frame.

        Raises:
            ArgumentError: If the codec rounds plainly.
            InfeasibleError: If ``p_e`` would not hold.
        """
        encoding = cover.encoding
        self.check_dither(cover)
        assert encoding.law is not None
        progress("certifying", 0)
        limit_nats = kl_budget_nats(self.p_e, cover.codec)
        kl_nats = Certificate.of(encoding, limit_nats).kl_nats(frame.payload_bits)
        if kl_nats > limit_nats:
            raise InfeasibleError
        progress("embedding", 0)
        return Embedding(drawn(encoding, frame.payload(key), draws), kl_nats)

    def reveal_features(self, symbols: Symbols, codec: Codec, key: Key) -> Reader:
        """Stage I: every bit that the symbols can hold is read at once, since the header's lie in all parts."""
        return reader_of(read(symbols, symbols.carriers.size))


SCHEME = CertifiedScheme()
