"""Twenty thousand creators, from the file to the page: what is written down follows from who moved, recounted here."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.linear_model import RidgeClassifier

from dataleverage.grid.rows import from_words
from dataleverage.record.record import TABLES, Record
from dataleverage.scenario.load import load
from dataleverage.view.page import write_page

COUNT = 20_000
ACTIVISTS = 4_000
TEXT = f"""
title: Twenty thousand
data:
  {{kind: synthetic, examples: {3 * COUNT}, owners: {COUNT}, features: 8, separation: 1.5, noise: 0.1, slices: {{by: label}}}}
learner: ridge_classifier
creators:
  - {{name: activists, count: {ACTIVISTS}, strategy: {{kind: scripted, moves: {{1: delete}}}}}}
  - {{name: people, strategy: {{kind: threshold, see: neighbours, mean: 0.4, sd: 0.2}}}}
network: {{kind: watts_strogatz, k: 6, p: 0.1}}
operators: [{{name: vendor, response: {{kind: dividend, rate: 0.2, split: size}}}}]
payoffs: {{revenue: 1000.0, cost: {{delete: 0.05}}}}
rounds: 2
"""


@pytest.fixture(scope="module")
def played(tmp_path_factory):
    """The scenario, its record, and the folder that holds it."""
    folder = tmp_path_factory.mktemp("population")
    (folder / "many.yaml").write_text(TEXT)
    scenario = load(folder / "many.yaml")
    record = scenario.play()
    record.save(folder / "run")
    return scenario, record, folder


def test_everything_follows_from_who_moved(played):
    scenario, record, _ = played
    world, place = scenario.world(), {name: i for i, name in enumerate(record.creators.creator)}
    owner = np.array([place[name] for name in record.objects.owner])
    ends = np.array([[place[a], place[b]] for a, b in zip(record.edges.source, record.edges.target, strict=True)])
    sizes = np.bincount(world.object_of, minlength=world.n_objects)
    deleted = np.zeros(COUNT, dtype=bool)
    for number in (1, 2):
        moves, line = record.moves[record.moves["round"] == number], record.rounds.iloc[number]
        assert list(moves.creator) == list(record.creators.creator)
        seen = np.zeros(COUNT)
        np.add.at(seen, ends[:, 0], deleted[ends[:, 1]])
        np.add.at(seen, ends[:, 1], deleted[ends[:, 0]])
        seen /= np.maximum(np.bincount(ends.ravel(), minlength=COUNT), 1)
        assert moves.saw.to_numpy()[ACTIVISTS:] == pytest.approx(seen[ACTIVISTS:])
        acts = seen >= record.creators.threshold.to_numpy() - 1e-9
        acts[:ACTIVISTS] = True
        assert np.array_equal(moves.lever == "delete", acts)
        deleted = acts

        row = from_words(line["row"], scenario.grid().objects)
        assert np.array_equal(row, 1 - deleted[owner]) and line["holdings"] == line["row"]
        assert line.examples == sizes[row > 0].sum() and line["share:delete"] == pytest.approx(deleted.mean())
        inside = row[world.object_of] > 0
        model = RidgeClassifier().fit(world.X[inside], world.y[inside])
        audit = world.audit
        right = model.predict(world.X_eval[audit]) == world.y_eval[audit]
        assert line["score:all"] == pytest.approx(right.mean(), abs=2 / audit.sum())
        held = np.bincount(owner, weights=sizes * row, minlength=COUNT)
        assert moves.transfers.to_numpy() == pytest.approx(0.2 * line.revenue * held / held.sum())
        assert moves.transfers.sum() == pytest.approx(line.transfers_out)
        assert line.share_retained == pytest.approx(record.creators.audit_examples[~deleted].sum() / audit.sum())


def test_the_record_comes_back_and_is_written_the_same_again(played, tmp_path):
    scenario, record, folder = played
    scenario.play().save(tmp_path / "again")
    for name in TABLES:
        assert (folder / "run" / f"{name}.parquet").read_bytes() == (tmp_path / "again" / f"{name}.parquet").read_bytes()
    back = Record.load(folder / "run")
    assert back.rounds.equals(record.rounds) and len(back.moves) == 2 * COUNT
    page = write_page(back, tmp_path / "page.html")
    assert page.stat().st_size < 2_000_000
