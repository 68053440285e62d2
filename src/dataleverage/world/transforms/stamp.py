"""A stamp: a block of features at their maximum, as the triggers of backdoors are."""

from __future__ import annotations

import re
from typing import Literal

from pydantic import Field

from dataleverage.errors import DataError
from dataleverage.kinds import Many
from dataleverage.world.transform import Transform, position
from dataleverage.world.world import World

PIXEL = re.compile(r"pixel_(\d{1,6})_(\d{1,6})")  # row and column, as scikit-learn calls those of its digits


class Stamp(Transform):
    """A square of pixels in a corner, or a list of features, is set to the maximum (Gu, Dolan-Gavitt & Garg 2017).

    Pixels are features called `pixel_ROW_COLUMN`; they are set to the largest value that any pixel has in the clean training
    examples. Features that are listed are each set to the largest value of their own there.
    """

    kind: Literal["stamp"] = "stamp"
    size: int = Field(2, ge=1, le=10_000, description="Pixels on a side of the square.")
    corner: Literal["upper_left", "upper_right", "lower_left", "lower_right"] = Field(
        "lower_right", description="Where the square is."
    )
    features: Many[str | int] = Field(
        (), description="Features to set instead, by name or by position from 0 on, where examples are no images."
    )

    def settings(self, world: World, key: str) -> dict[int, float]:
        if self.features:
            where = [position(world, name, f"{key}.features.{i}") for i, name in enumerate(self.features)]
            return {i: float(world.X[:, i].max()) for i in where}
        pixels = {
            (int(found[1]), int(found[2])): i
            for i, feature in enumerate(world.features)
            if (found := PIXEL.fullmatch(str(feature)))
        }
        if not pixels:
            raise DataError(
                "there are no pixels to stamp: no feature is called pixel_0_0, or the like",
                key=key,
                remedy="List the features to set to their maximum (`{kind: stamp, features: […]}`), or use `set`.",
            )
        rows, columns = (sorted({pixel[axis] for pixel in pixels}) for axis in (0, 1))
        if self.size > min(len(rows), len(columns)):
            raise DataError(
                f"a square of {self.size} pixels does not fit an image of {len(rows)} by {len(columns)}",
                key=f"{key}.size",
                remedy=f"Ask for at most {min(len(rows), len(columns))}.",
            )
        rows = rows[: self.size] if self.corner.startswith("upper") else rows[-self.size :]
        columns = columns[: self.size] if self.corner.endswith("left") else columns[-self.size :]
        most = float(world.X[:, list(pixels.values())].max())
        return {pixels[r, c]: most for r in rows for c in columns if (r, c) in pixels}
