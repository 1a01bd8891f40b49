"""WeChat's XML: written as WeChat writes it, read as strictly as WeChat reads an answer."""

import re
from collections.abc import Mapping
from typing import Any
from xml.etree.ElementTree import Element, ParseError

from defusedxml import DefusedXmlException
from defusedxml.ElementTree import fromstring

FORBIDDEN = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def write(fields: Mapping[str, Any]) -> str:
    """The document of these elements: texts in CDATA, numbers bare, nested mappings as nested elements.

    Characters that XML does not know are left out, as WeChat does.
    """
    return f"<xml>{_inside(fields)}</xml>"


def _inside(fields: Mapping[str, Any]) -> str:
    return "".join(f"<{name}>{_value(value)}</{name}>" for name, value in fields.items())


def _value(value: Any) -> str:
    if isinstance(value, Mapping):
        return _inside(value)
    if isinstance(value, int | float):
        return str(value)
    text = FORBIDDEN.sub("", str(value)).replace("]]>", "]]]]><![CDATA[>")
    return f"<![CDATA[{text}]]>"


def read(body: bytes) -> dict[str, Any]:
    """The elements of a document: texts, or mappings where there are elements within; `item` is always a list.

    Raises ValueError for anything but one well-formed `xml` element without a DTD and without doubled elements.
    """
    try:
        root = fromstring(body, forbid_dtd=True)
    except (ParseError, DefusedXmlException, ValueError) as error:
        raise ValueError(f"回复不是正确的 XML（{type(error).__name__}）") from error
    if root.tag != "xml":
        raise ValueError(f"回复的根元素是 {root.tag}，应当是 xml")
    return _fields(root)


def _fields(element: Element) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for child in element:
        value: Any = _fields(child) if len(child) else (child.text or "")
        if child.tag == "item":
            found.setdefault("item", []).append(value)
        elif child.tag in found:
            raise ValueError(f"回复里 {child.tag} 出现了两次")
        else:
            found[child.tag] = value
    return found
