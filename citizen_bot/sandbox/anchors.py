"""The links in a text that WeChat shows: anchors to pages, and anchors that send a text when they are tapped."""

import re
from dataclasses import dataclass
from html import unescape
from urllib.parse import parse_qs, urlsplit

ANCHOR = re.compile(r"<a\s([^<>]*)>([^<]*)</a>", re.IGNORECASE)
HREF = re.compile(r"""href\s*=\s*(?:"([^"]*)"|'([^']*)')""", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Piece:
    """A stretch of a text: plain, with an address (http or https only), or a tap with the text that it sends."""

    text: str
    href: str | None = None
    tap: str | None = None
    tap_id: str | None = None


def pieces(text: str) -> list[Piece]:
    """The text cut at its anchors. What is not an anchor that WeChat knows stays text, tags and all."""
    found: list[Piece] = []
    end = 0
    for match in ANCHOR.finditer(text):
        piece = _piece(match[1], match[2])
        if piece is None:
            continue
        if match.start() > end:
            found.append(Piece(text[end : match.start()]))
        found.append(piece)
        end = match.end()
    if end < len(text):
        found.append(Piece(text[end:]))
    return found


def _piece(attributes: str, label: str) -> Piece | None:
    href = HREF.search(attributes)
    if href is None:
        return None
    address = href[1] if href[1] is not None else href[2]
    try:
        parts = urlsplit(address)
    except ValueError:
        return None
    if parts.scheme in ("http", "https") and parts.netloc:
        return Piece(label, href=address)
    if parts.scheme == "weixin" and parts.netloc == "bizmsgmenu":
        query = parse_qs(unescape(parts.query))
        content = query.get("msgmenucontent", [""])[0]
        if content:
            return Piece(label, tap=content, tap_id=query.get("msgmenuid", [""])[0])
    return None
