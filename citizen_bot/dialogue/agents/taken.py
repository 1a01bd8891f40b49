"""What an agent says was taken over (户口簿1本 身份证复印件两张 现金20块5), as papers and sums. Pure.

It is read back before it is recorded, so a paper that is named without a number may count as one. What is not sure is
told as `unclear`, never left out.
"""

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass, replace
from decimal import Decimal, InvalidOperation

from citizen_bot.visits.service import Taken

MOST_PIECES, LONGEST_NAME = 999, 40
MOST_MONEY = Decimal(99_999_999)

_HAN = "零〇一二两俩三四五六七八九十百千万"
_N = rf"(?:(?<![\d.])\d+(?:\.\d+)?[百千万]?(?![\d.])|[{_HAN}]+)"
_UNIT = "[份张本个件页套枚片样册沓把封支]"
# 二十块五, 20元5角, but not 20块3张.
_MONEY = (
    rf"(?:[¥￥]\s*(?P<signed>{_N})(?:元|块)?"
    rf"|(?P<yuan>{_N})(?:元|块|圆)(?:(?P<jiao>[\d{_HAN[:12]}])(?:毛|角)?(?=钱|$))?"
    rf"|(?P<only_jiao>{_N})(?:毛|角))(?:钱|整)?"
)
_QUANTITY = re.compile(rf"{_MONEY}|(?P<pieces>{_N}){_UNIT}")
# 钱20, 户口簿2: at the end of a part the unit may be missing.
_BARE = re.compile(r"^(?P<name>.*?[^\d.\-])(?P<count>\d+(?:\.\d{1,2})?)$")
_MONEY_NAME = re.compile(r"(?:钱|款|费|现金|押金|定金)$")
_BARE_MONEY = re.compile(rf"(?P<name>.*(?:钱|款|费|现金|押金|定金))(?P<count>[{_HAN}]+)")
_PAPER = re.compile(r"(?:证|簿|本|书|表|卡|照|照片|相片|明|票|据|折|复印件|原件|合同|协议)$")
_LEADS = re.compile(
    r"^(?:和(?!解)|跟|与|以及|还有|还收了?|又收了?|另外|再加上?|加上|外加|一共|总共|收了|收到了?|收下了?|拿了|(?:她|他|老人)家?的"
    r"|(?:材料|东西|手续)(?=[:,]))[\s:,]*"
)
_TRAILS = re.compile(r"(?:各|一共|总共|是|有|为|改成|应该是|和|跟|还有|[x×*:\s])+$", re.IGNORECASE)
_FILLERS = re.compile(r"(?:都|全)?(?:收)?(?:好|齐|完)了?|就这些|没了|没有了|谢谢|了|的|整|元整")
_DIGITS = {digit: value for value, digit in enumerate("零一二三四五六七八九")} | {"〇": 0, "两": 2, "俩": 2}
_POWERS = {"十": 10, "百": 100, "千": 1000, "万": 10000}


@dataclass(frozen=True, slots=True)
class Things:
    """`counted`: whether a number was said of anything. `unclear` are the words that made no sense."""

    taken: tuple[Taken, ...] = ()
    unclear: tuple[str, ...] = ()
    counted: bool = False


def read_things(text: str, money_name: str) -> Things:
    """`money_name`: what money is called that was not called anything (20块)."""
    text = unicodedata.normalize("NFKC", text)
    if re.search(rf"[-−]\s*[\d{_HAN}]", text):
        return Things(unclear=(text.strip(),))
    # A blank between a name, its number and its unit separates nothing.
    text = re.sub(rf"(?<=[^\W\d_])[ \t]*[x×*:：][ \t]*(?=[\d{_HAN}])", "", text, flags=re.IGNORECASE)
    text = re.sub(r"(?<=[\u4e00-\u9fff])[ \t]+(?=\d)|(?<=\d)[ \t]+(?=[份张本个件页套枚片样册元块])", "", text)
    things = Things()
    waiting: list[str] = []
    for part in re.split(r"[,、;。!\s]+", text):
        words = _LEADS.sub("", part)
        if not words or _FILLERS.fullmatch(words):
            continue
        found = _read_part(words, money_name)
        if not found.counted and found.taken:
            waiting.append(words)
            continue
        if waiting and re.search(rf"各{_N}", words) and len(found.taken) == 1 and found.taken[0].pieces:
            # 身份证、户口簿各2份
            found = replace(found, taken=(*(Taken(name, found.taken[0].pieces) for name in waiting), *found.taken))
        else:
            found = replace(found, taken=(*(Taken(name, 1) for name in waiting), *found.taken))
        waiting = []
        things = _joined(things, found)
    return _joined(things, Things(tuple(Taken(name, 1) for name in waiting)))


def changed(before: Sequence[Taken], said: Sequence[Taken], *, more: bool) -> tuple[Taken, ...]:
    """What was read back, with what was said of it afterwards: `more` is added, single ones are put right, anything
    else takes the place of all."""
    by_name = {taken.name: taken for taken in said}
    if more:
        return (*before, *said)
    if set(by_name) <= {taken.name for taken in before}:
        return tuple(by_name.get(taken.name, taken) for taken in before)
    return tuple(said)


def dump(taken: Sequence[Taken]) -> tuple[str, ...]:
    """As texts for the memory of the talk: "1 户口簿", "¥20.00 工本费"."""
    return tuple(f"{one.pieces or f'¥{one.amount}'} {one.name}" for one in taken)


def load(stored: Sequence[str]) -> tuple[Taken, ...]:
    found = []
    for one in stored:
        count, _, name = one.partition(" ")
        money = count.startswith("¥")
        found.append(Taken(name, amount=Decimal(count[1:])) if money else Taken(name, pieces=int(count)))
    return tuple(found)


def _read_part(words: str, money_name: str) -> Things:
    quantities = list(_QUANTITY.finditer(words))
    if not quantities:
        return _without_unit(words)
    found: list[Taken | None] = []
    if quantities[0].start() == 0:
        # 1本户口簿2张照片
        ends = [*(quantity.start() for quantity in quantities[1:]), len(words)]
        for quantity, end in zip(quantities, ends, strict=True):
            found.append(_taken(words[quantity.end() : end], quantity, money_name))
    else:
        # 户口簿1本照片2张
        start = 0
        for quantity in quantities:
            found.append(_taken(words[start : quantity.start()], quantity, money_name))
            start = quantity.end()
        found[-1] = _with_rest(found[-1], words[start:])
    if any(one is None for one in found):
        return Things(unclear=(words,), counted=True)
    return Things(tuple(one for one in found if one is not None), counted=True)


def _without_unit(words: str) -> Things:
    """钱20, 现金两百, 户口簿2, 户口簿."""
    if bare := _BARE.fullmatch(words) or _BARE_MONEY.fullmatch(words):
        name, count = _named(bare["name"]), _number(bare["count"])
        taken = _money(name, count) if _MONEY_NAME.search(name) else _papers(name, count)
        return Things((taken,), counted=True) if taken else Things(unclear=(words,), counted=True)
    taken = _papers(_named(words), Decimal(1)) if _PAPER.search(words) else None
    return Things((taken,)) if taken else Things(unclear=(words,))


def _taken(name: str, quantity: re.Match[str], money_name: str) -> Taken | None:
    name = _named(name)
    if quantity["pieces"]:
        return _papers(name, _number(quantity["pieces"]))
    if quantity["only_jiao"]:
        jiao = _number(quantity["only_jiao"])
        return _money(name or money_name, None if jiao is None else jiao / 10)
    yuan = _number(quantity["signed"] or quantity["yuan"])
    jiao = _number(quantity["jiao"]) if quantity["jiao"] else Decimal(0)
    return _money(name or money_name, None if yuan is None or jiao is None else yuan + jiao / 10)


def _with_rest(taken: Taken | None, rest: str) -> Taken | None:
    """What follows the last number: nothing, 钱, or more of the name (身份证1张复印件)."""
    rest = rest.strip("() ")
    if taken is None or not rest or _FILLERS.fullmatch(rest) or (taken.amount is not None and rest in ("钱", "现金")):
        return taken
    return None if taken.amount is not None else _papers(taken.name + rest, Decimal(taken.pieces or 0))


def _named(words: str) -> str:
    words = _TRAILS.sub("", _LEADS.sub("", words.strip("()\"'“”《》 ")))
    return re.sub(r"^[的\s]+", "", words)


def _papers(name: str, pieces: Decimal | None) -> Taken | None:
    if not _good(name) or pieces is None or pieces != int(pieces) or not 1 <= pieces <= MOST_PIECES:
        return None
    return Taken(name, pieces=int(pieces))


def _money(name: str, amount: Decimal | None) -> Taken | None:
    if not _good(name) or amount is None or not 0 < amount <= MOST_MONEY or amount != round(amount, 2):
        return None
    return Taken(name, amount=amount.quantize(Decimal("0.01")))


def _good(name: str) -> bool:
    return bool(re.search(r"[^\W\d_]", name)) and len(name) <= LONGEST_NAME


def _number(words: str) -> Decimal | None:
    """20, 20.5, 3万, 二十, 一百零五, 两千三; None for what is no number (十百)."""
    if found := re.fullmatch(r"(\d+(?:\.\d+)?)([百千万]?)", words):
        try:
            return Decimal(found[1]) * _POWERS.get(found[2], 1)
        except InvalidOperation:
            return None
    above, has_ten_thousands, below = words.rpartition("万")
    if has_ten_thousands:
        high = _below_ten_thousand(above, 10)
        low = _DIGITS.get(below, 0) * 1000 if len(below) == 1 else _below_ten_thousand(below, 10) if below else 0
        return None if high is None or low is None else Decimal(high * 10000 + low)
    value = _below_ten_thousand(words, 10)
    return None if value is None else Decimal(value)


def _below_ten_thousand(words: str, unit: int) -> int | None:
    """一百五 is 150, 一百零五 105."""
    total, digit, last, zero = 0, None, 10000, False
    for sign in words:
        if sign in _POWERS:
            power = _POWERS[sign]
            if power >= last or (digit is None and power > unit):
                return None
            total, digit, last, zero = total + (1 if digit is None else digit) * power, None, power, False
        elif digit is not None and not zero:
            return None
        else:
            digit, zero = _DIGITS[sign], _DIGITS[sign] == 0
    if digit is None or not words:
        return total or None
    return total + digit * (1 if last in (10, 10000) or "零" in words or "〇" in words else last // 10)


def _joined(one: Things, other: Things) -> Things:
    return Things((*one.taken, *other.taken), (*one.unclear, *other.unclear), one.counted or other.counted)
