"""A threshold and a prevalence do to a picture and to its words what the tables say."""

from __future__ import annotations

from support.predictions import make_predictions, make_screening_predictions

from helpers.interactive.threshold import threshold_in_words, thresholds
from helpers.plots.screening import LESION_COLOURS
from helpers.screening.referrals import in_a_thousand, referral
from helpers.screening.scores import screening_confusion


def test_each_row_is_a_setting() -> None:
    """Left the matrix at the threshold, right a thousand lesions at the prevalence."""
    table = make_screening_predictions(60)
    figure = thresholds(table, [(0.3, 0.1)])
    left, right = figure.axes
    written = [int(text.get_text()) for text in left.texts]
    assert written == screening_confusion(table, 0.3).to_numpy().ravel().tolist()
    drawn = {line.get_color(): len(line.get_xdata()) for line in right.lines}
    counts = in_a_thousand(referral(table, 0.3), 0.1).counts
    assert drawn == {LESION_COLOURS[name]: n for name, n in counts.items()}
    assert counts["found"] + counts["missed"] == 100


def test_words_have_the_numbers_of_the_picture() -> None:
    """Of screening models and of the seven diagnoses; a find that is not there has no price."""
    table = make_predictions(counts=(5, 5, 5, 5, 5, 5, 5))
    n = in_a_thousand(referral(table, 0.5), 0.02).counts
    words = threshold_in_words(table, 0.5, 0.02)
    for part in ("of which 20 are", f"{n['found']} are found", f"{n['missed']} missed"):
        assert part in words
    assert f"{n['alarms']} benign ones sent on" in words
    assert "a find has no price" in threshold_in_words(table, 1.0, 0.02)
