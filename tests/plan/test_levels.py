"""Codecs as users ask for them."""

import pytest

from compressor.errors import ChainError
from compressor.plan.levels import chain_for


@pytest.mark.parametrize(
    ("text", "column"),
    [("bogus", 0), ("zeromask > bogus", 11), ("floatsplit(store, bogus:level=3)", 18)],
)
def test_a_stage_that_a_user_made_up_is_marked_as_other_mistakes_are(
    text: str, column: int
) -> None:
    with pytest.raises(ChainError) as caught:
        chain_for(text, None)

    message, shown, mark = str(caught.value).split("\n")
    assert message == "no stage here is called 'bogus': `compressor codecs` lists them"
    assert (shown, mark) == ("  " + text, "  " + " " * column + "^")
