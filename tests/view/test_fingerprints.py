"""Fingerprints shown: what is drawn and told is what was found."""

from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest

from dataleverage.errors import DataleverageError
from dataleverage.game.strategies.threshold import Threshold
from dataleverage.view.fingerprints import as_json, drawn, is_strategy, lines, strategy_in

TABLE = pd.DataFrame(
    {
        "acting": [0.0, 0.25, 1.0],
        "after_contributing": [0.0, 0.5, np.nan],
        "after_acting": [np.nan, 0.0, 1.0],
        "decisions": [4, 8, 4],
    },
    index=pd.Index([0.0, 0.5, 1.0], name="share"),
)


def test_lines_and_numbers():
    text = lines(TABLE)
    assert text[2] == ("0.50", f"0.25 {'█' * 5} (0.50, 0.00)") and text[3][1].endswith("(–, 1.00)")
    said = as_json(Threshold(mean=0.3), TABLE)
    assert json.loads(json.dumps(said, allow_nan=False)) == said
    assert said["fingerprint"][0] == {"share": 0, "acting": 0, "after_contributing": 0, "after_acting": None, "decisions": 4}
    assert said["strategy"]["mean"] == 0.3


def test_the_figure_has_the_numbers():
    axes = drawn(Threshold(), TABLE, "A game").axes[0]
    assert axes.lines[0].get_ydata().tolist() == TABLE.acting.tolist()
    assert axes.get_title(loc="left") == "threshold in “A game”" and len(axes.lines) == 3


def test_strategies_of_the_command_line():
    assert is_strategy("threshold") and is_strategy("{kind: threshold}") and not is_strategy("runs/first-strike")
    assert strategy_in("{kind: threshold, mean: 0.3}") == Threshold(mean=0.3)
    with pytest.raises(DataleverageError, match="mena"):
        strategy_in("{kind: threshold, mena: 0.3}")
