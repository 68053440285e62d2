"""A block: rows that a store keeps together, with their scores, as bytes with one checksum.

Reading a thousand rows of one block takes about as long as reading ten rows one by one, and rows are looked up by a hash of 8
bytes, in whose order they stand. What was not written so is refused.
"""

from __future__ import annotations

from dataclasses import dataclass
from hashlib import blake2b

import numpy as np
from numpy.typing import NDArray

from dataleverage.grid.rows import Rows
from dataleverage.world.world import Floats, Ints

Hashes = NDArray[np.uint64]

BYTES = 2**20  # of a block, at most, but for a block of a single row
ROWS = 4096  # of a block, at most
MIX = np.uint64(0x9E3779B97F4A7C15)  # odd, so that multiplying loses nothing


@dataclass(frozen=True, eq=False)
class Block:
    """hashes : (B,) ascending. rows : (B, n). scores : (B, C)."""

    hashes: Hashes
    rows: Rows
    scores: Floats

    @classmethod
    def of(cls, rows: Rows, scores: Floats) -> Block:
        hashes = hashed(rows)
        order = np.argsort(hashes, kind="stable")
        return cls(hashes[order], rows[order], scores[order])

    @classmethod
    def read(cls, hashes: bytes, cells: bytes, digest: bytes, of: int, width: int) -> Block | None:
        """What `written` made, for the grid numbered `of` with `width` columns; None where it is not what was written."""
        count = len(hashes) // 8
        each, rest = divmod(len(cells), count) if count else (0, 1)
        if rest or each <= 8 * width or digest != digested(of, hashes, cells):
            return None
        split = count * (each - 8 * width)
        rows = np.frombuffer(cells, dtype=np.uint8, count=split).reshape(count, -1)
        scores = np.frombuffer(cells, dtype="<f8", offset=split).reshape(count, width)
        return cls(np.frombuffer(hashes, dtype="<u8"), rows, np.asarray(scores, dtype=np.float64))

    def written(self, of: int) -> tuple[bytes, bytes, bytes]:
        """Hashes, the digest of all, and cells (all rows and then all scores), for the grid numbered `of`."""
        hashes = self.hashes.astype("<u8").tobytes()
        cells = self.rows.tobytes() + self.scores.astype("<f8").tobytes()
        return hashes, digested(of, hashes, cells), cells

    def __len__(self) -> int:
        return len(self.hashes)

    @property
    def size(self) -> int:
        """Bytes."""
        return int(self.hashes.nbytes + self.rows.nbytes + self.scores.nbytes)

    def joined(self, other: Block) -> Block:
        """One block of both."""
        both = zip(vars(self).values(), vars(other).values(), strict=True)
        hashes, rows, scores = (np.concatenate(parts) for parts in both)
        order = np.argsort(hashes, kind="stable")
        return Block(hashes[order], rows[order], scores[order])


def most(objects: int, width: int) -> int:
    """How many rows of so many objects and columns a block may have."""
    return max(1, min(ROWS, BYTES // (objects + 8 * width)))


def positions(hashes: Hashes, asked: Hashes) -> Ints:
    """(R,) where each hash asked for (quickest in ascending order) stands among those of a block, -1 where it does not."""
    place = np.minimum(np.searchsorted(hashes, asked), len(hashes) - 1)
    return np.where(hashes[place] == asked, place, -1).astype(np.int64)


def digested(of: int, *parts: bytes) -> bytes:
    """A checksum of what a grid keeps, by which it is not taken for another grid's."""
    digest = blake2b(str(of).encode(), digest_size=16)
    for part in parts:
        digest.update(b"%d:" % len(part))
        digest.update(part)
    return digest.digest()


def hashed(rows: Rows) -> Hashes:
    """(R,) a number for each row; no two rows of up to eight objects share one, and hardly any two of more."""
    padded = np.zeros((len(rows), -(-rows.shape[1] // 8) * 8), dtype=np.uint8)
    padded[:, : rows.shape[1]] = rows
    found = np.zeros(len(rows), dtype=np.uint64)
    for word in padded.view("<u8").T:
        found = (found ^ word) * MIX
        found ^= found >> np.uint64(29)
        found *= MIX
        found ^= found >> np.uint64(32)
    return found
