"""Rows of state as the engine thinks of them: shadows, pending writes and generations, to bytes and back."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from hashlib import blake2b
from itertools import repeat
from typing import cast

import msgspec
from xxhash import xxh3_128_digest

from syncline.merging import Shadow
from syncline.model.state import Entity
from syncline.model.values import UNSET, Row, Value, decode_row, decode_rows, encode_row

Delta = dict[int, Shadow]
Pending = dict[int, tuple[Value, int]]

_SEED_SIZE = 8
_SHADOW_WIDTH = 5
_PENDING_WIDTH = 3
_generations: msgspec.msgpack.Decoder[list[int]] = msgspec.msgpack.Decoder(list[int])


def fingerprint(raw: bytes, seed: int) -> bytes:
    """XXH3 of a raw record, 16 bytes: equal records are found without being decoded."""
    return xxh3_128_digest(raw, seed)


def fingerprints(raws: Sequence[bytes], seed: int) -> list[bytes]:
    """The fingerprint of each."""
    return list(map(xxh3_128_digest, raws, repeat(seed)))


def seed_of(secret: str) -> int:
    """The seed of a store's fingerprints. XXH3 is no cryptographic hash: whoever knew it could make records collide."""
    return int.from_bytes(blake2b(secret.encode(), digest_size=_SEED_SIZE).digest())


def encode_delta(delta: Mapping[int, Shadow]) -> bytes | None:
    """A link's delta; None when the link agrees with canon throughout."""
    if not delta:
        return None
    flat: Row = []
    for position in sorted(delta):
        shadow = delta[position]
        flat += [position, shadow.base, shadow.seen, shadow.gen, shadow.rounds]
    return encode_row(flat)


def decode_delta(data: bytes | None) -> Delta:
    """The delta that `encode_delta` made."""
    if data is None:
        return {}
    flat = decode_row(data)
    numbers = cast("list[int]", flat)  # which positions, generations and rounds are
    return {
        numbers[i]: Shadow(flat[i + 1], flat[i + 2], numbers[i + 3], numbers[i + 4])
        for i in range(0, len(flat), _SHADOW_WIDTH)
    }


def bases_of(data: bytes) -> dict[int, Value]:
    """The base of each shadow of a link's delta, without the rest."""
    flat = decode_row(data)
    return dict(zip(cast("list[int]", flat[::_SHADOW_WIDTH]), flat[1::_SHADOW_WIDTH], strict=True))


def encode_pending(pending: Mapping[int, tuple[Value, int]]) -> bytes:
    """What was sent: position -> (value, generation)."""
    flat: Row = []
    for position in sorted(pending):
        value, gen = pending[position]
        flat += [position, value, gen]
    return encode_row(flat)


def decode_pending(data: bytes | None) -> Pending:
    """What `encode_pending` made; nothing for None."""
    if data is None:
        return {}
    flat = decode_row(data)
    numbers = cast("list[int]", flat)  # which positions and generations are
    return {numbers[i]: (flat[i + 1], numbers[i + 2]) for i in range(0, len(flat), _PENDING_WIDTH)}


def canon_of(entity: Entity, width: int) -> Row:
    """An entity's canon, padded with UNSET to the layout's width."""
    row = decode_row(entity.canon)
    if len(row) < width:
        row += [UNSET] * (width - len(row))
    return row


def canons_of(entities: Sequence[Entity], width: int) -> list[Row]:
    """What `canon_of` makes of each."""
    rows = decode_rows([entity.canon for entity in entities])
    if min(map(len, rows), default=width) >= width:
        return rows
    return [canon_of(entity, width) for entity in entities]


def gens_of(entity: Entity, width: int) -> list[int]:
    """The generation of each position; positions that the entity has never had are 0."""
    if entity.gens is None:
        return [entity.gen] * width
    gens = _generations.decode(entity.gens)
    return gens + [0] * (width - len(gens))


def encode_gens(gens: Sequence[int], gen: int) -> bytes | None:
    """Generations; None when all are the entity's own `gen`, which then says it."""
    return None if set(gens) <= {gen} else msgspec.msgpack.encode(list(gens))
