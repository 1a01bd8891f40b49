"""Which anchors of a text can be opened or tapped."""

import pytest

from citizen_bot.sandbox.anchors import Piece, pieces


def test_links_and_taps_are_cut_out_of_the_text() -> None:
    text = (
        '请看<a href="https://example.org/n?a=1&b=2">完整清单</a>，'
        '或<a href="weixin://bizmsgmenu?msgmenucontent=%E8%BD%AC%E4%BA%BA%E5%B7%A5&msgmenuid=agent">转人工</a>。'
    )
    assert pieces(text) == [
        Piece("请看"),
        Piece("完整清单", href="https://example.org/n?a=1&b=2"),
        Piece("，或"),
        Piece("转人工", tap="转人工", tap_id="agent"),
        Piece("。"),
    ]


@pytest.mark.parametrize(
    "text",
    [
        '<a href="javascript:alert(1)">点我</a>',
        '<a href="data:text/html,x">点我</a>',
        '<a href="weixin://dl/business">点我</a>',
        '<a href="https://">点我</a>',
        '<a href="http://[">点我</a>',
        "<a>点我</a>",
        "<b>粗</b><script>alert(1)</script>",
        '<img src="https://example.org/x.png">',
        '<a href="https://example.org"><b>点我</b></a>',
    ],
)
def test_everything_else_stays_text(text: str) -> None:
    assert pieces(text) == [Piece(text)]


def test_an_empty_text_has_no_pieces() -> None:
    assert pieces("") == []
