import json

import altair as alt

from dataleverage.view.charts import charts


def test_charts_are_there_for_what_the_record_has():
    assert set(charts(["contribute", "delete"], 3, 12, money=True, quality=True)) == {
        "scores",
        "shares",
        "quality",
        "payoffs",
    }
    assert set(charts(["contribute"], 1, 1, money=False, quality=False)) == {"scores", "shares"}


def test_a_chart_names_its_data_its_cursor_and_no_address():
    for name, spec in charts(["contribute", "delete"], 3, 12, money=True, quality=True).items():
        text = json.dumps(spec)
        assert f'"name": "{name}"' in text and "http" not in text and "$schema" not in spec
        assert {"name": "cursor", "value": 0} in spec["params"]
        assert spec["width"] == "container"
        assert "#" not in text  # every colour is a variable of the page, so that themes need no second drawing
        alt.LayerChart.from_dict(spec)
