"""The expressions of time in a sentence: where they stand and what they are made of, whatever day it is. Pure."""

import re
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

# Who speaks of more days or months than this does not book.
FARTHEST = 90

_AM = (
    "上午|早上|早晨|清早|清晨|凌晨|大清早|一大早|大早上|一早|早起|头晌|头午|前晌|上半晌|上半天|午前"
    "|(?:晌午|中午)(?:之|以)?前|赶早|早(?=[0-9一二两三四五六七八九十]{1,2}点)|(?<![A-Za-z])[aA][mM](?![A-Za-z])"
)
_PM = (
    "下午|午后|过晌|过午|后晌|下晌|下半晌|下半天|晌午头?|中午|傍晚|傍黑|擦黑|下晚|晚上|夜里|半夜"
    "|晚(?=[0-9一二两三四五六七八九十]{1,2}点)|(?<![A-Za-z])[pP][mM](?![A-Za-z])"
)
_MONTH = "(?:1[0-2]|0?[1-9]|十[一二]?|[元一二三四五六七八九])"
_DAY = "(?:[0-9]{1,2}|二?三?十[一二三四五六七八九]?|廿[一二三四五六七八九]?|[一二三四五六七八九])"
_NUMBER = "(?:[0-9]{1,3}|[一二两俩三四五六七八九]?十[一二三四五六七八九]?|[一二两俩三四五六七八九]{1,2})"
_HOUR = "(?:2[0-4]|1[0-9]|0?[0-9]|二?十[一二三四五六七八九]?|[一二两三四五六七八九])"
_MINUTE = "半|[一三13]刻|(?:[0-5][0-9]|[零〇][一二三四五六七八九]|[二三四五]?十[一二三四五六七八九]?)分?|[0-9]分"
# Where a number may begin: not within another one, but right after 周三.
_FREE = "(?:(?<=[周期拜初][一二三四五六日天])(?<!第[一二三四五六])|(?<![0-9.:/一二两三四五六七八九十百零第-]))"
_NO_MORE = "(?![0-9一二三四五六七八九十月个天点])"
_WEEK = "(?:周|星期|礼拜)"
_WEEKDAY = "(?:[一二三四五六日天末]|[1-7](?![0-9月号日天]))(?![次常])"
# 周一二三, but not 周一三点.
_AND_MORE = "[二三四五六日]{1,4}(?![点号月个十份天楼时百千子期常])"
# 改一下周四的: no 下周四.
_NOT_A_BIT = "(?<![改换挪调推约看帮等问]一)"
_NEXT = "下下下个?|下下个?|下一?个?|这一?个?|本|当"
_NAMED = "元旦|春节|大年|过年|清明|五一|劳动|端午|中秋|国庆|(?<![0-9二三四五六七八九十])十一"
_A_HOLIDAY = (
    rf"(?:{_NAMED}|(?<![季环情关])节|小?长假|放假|假期|(?<![0-9一两二三四五六七八九十几多半每今明后去前当成])年)"
    r"节?(?:小?长假|假期|放假|假)?"
)
PERIODS = f"{_AM}|{_PM}"

# Tried in this order at every place; the first that fits has the words. Groups are read by the kind's own reader.
_KINDS: dict[str, str] = {
    # What looks like a time and is none: numbers of things, amounts, spans that something takes, what recurs.
    "noise": (
        r"[A-Za-z]+[0-9][A-Za-z0-9]*|[0-9]{5,}|[零〇幺一二两三四五六七八九]{5,}"
        rf"|{_NUMBER}号(?:楼|线|院|店|窗|门|桌|柜|路|文|公告|社区|令|室|单元|厅|表|机|村|车|床|台|口|地)"
        rf"|第{_NUMBER}(?:点|号|天|周|个?月)"
        rf"|每个?(?:月的?(?:{_DAY}[号日])?|{_WEEK}的?[一二三四五六日天]?|天|年)"
        rf"|(?:{_NUMBER}|几|半)个?(?:工作日|天|日|{_WEEK}|月|小时|分钟|年)(?:之|以)?[内里]"
        rf"|(?:{_NUMBER}|几|好几)个?(?:天|{_WEEK}|月|小时|分钟|年)(?:之|以)?前"
        rf"|(?:{_NUMBER}|[几多半]|好些)年(?:(?:之|以)?后)?"
        rf"|(?:一|两|几|{_NUMBER}){_WEEK}[一二三四五六]次"
        rf"|(?:上上?个?|前几?个?)(?:月(?!的?{_DAY}[号日])|{_WEEK}(?![一二三四五六日天1-7末]))|去年(?!的?{_MONTH}月)|[今明后]年(?!的?{_MONTH}月)"
        rf"|(?:{_NUMBER}月)?(?:{_NUMBER}[.点])?{_NUMBER}(?:万|元|块|毛|%|岁|周岁|亩|平米|斤|公斤|公里)"
        rf"|(?:{PERIODS})好(?=[啊呀哈,，。!！\s]|$|我|俺|请|你|您|恁)"
    ),
    "date": (
        r"(?<![0-9])(?P<year>[0-9]{4})(?:年|[-/.])\s?"
        rf"(?P<month>{_MONTH}|1[3-9])(?:月|[-/.])(?P<day>{_DAY})[日号]?(?![0-9])"
    ),
    "lunar": (
        rf"(?:农历|阴历|旧历|老历|古历)的?(?P<leap>闰)?(?:(?P<month>正|冬|腊|{_MONTH})月)?初?(?P<day>{_DAY})[日号]?{_NO_MORE}"
        rf"|(?P<leap2>闰)?(?P<month2>正|冬|腊)月的?初?(?P<day2>{_DAY})[日号]?{_NO_MORE}"
        rf"|{_FREE}(?P<leap3>闰)?(?P<month3>{_MONTH})月(?=初[一二三四五六七八九十]|廿)初?(?P<day3>{_DAY})"
        r"|大年(?P<new_year>初[一二三四五六七八九十])"
        r"|(?<![上读念在刚升年高月])(?P<alone>初[一二三四五六七八九十])(?![年学新毕上下班生中的级步])"
    ),
    "month_day": (
        rf"{_FREE}(?:(?P<year>今年|明年|后年|去年|前年|[0-9]{{4}}年?|[一二][零〇一二三四五六七八九]{{3}}年)的?)?"
        rf"(?P<month>{_MONTH}|1[3-9])月份?[的\s]?(?P<day>{_DAY})(?:(?P<mark>[日号])|(?![0-9个天点:月年期]))"
    ),
    "days": rf"{_FREE}(?:(?P<month>{_MONTH})月)?(?P<from>{_DAY})(?:[-~—]|到|至)(?P<to>{_DAY})[号日]",
    "day": (
        rf"(?:(?P<which>上个?|{_NEXT})月的?|{_FREE}(?<![路街巷弄道组区村室院楼栋幢园里庄尾编月]))"
        rf"(?P<day>{_DAY})(?:号|日(?![内子后期前常]|[以之][后前]))"
    ),
    "dotted": (
        rf"{_FREE}(?<![天午早晌上晨儿一二三四五六])(?P<month>1[0-2]|0?[1-9])[./](?P<day>[0-3]?[0-9])(?![0-9./%-])"
        rf"(?=[日号]|$|[\s,，。、!！?？]|(?:{PERIODS})|[能可去来办行吧约周早]|那天)[日号]?"
    ),
    "near": (
        rf"大后(?:天|日|儿个?)(?![女媳])|大前(?:天|日)|(?<!证)明(?:天|日(?![期子报])|个(?={PERIODS}|[,，去来能行办再就吧]|$)|儿个?(?![子女媳])|早|晚)"
        r"|今(?:天|日|儿个?(?![子女媳])|早|晚)"
        r"|(?<![以之然最今往])(?<!先天)后(?:天(?!性|残|致|得|聋|失|原因|因素|造成|形成|的?残)|日(?![子期常])|儿个?(?![子女媳孙]))"
        r"|昨(?:天|日|儿个?(?![子女])|晚|早)|夜来|夜儿(?![子女])|(?<![以之目从])前(?:天(?!天)|日(?![子期常])|儿个(?![子女]))"
    ),
    "weekday": (
        rf"{_NOT_A_BIT}(?P<which>上上个?|上个?|{_NEXT}){_WEEK}(?P<weekday>{_WEEKDAY})(?P<more>{_AND_MORE})?"
        rf"|(?<![每几两一]){_WEEK}(?P<weekday2>{_WEEKDAY})(?P<more2>{_AND_MORE})?"
    ),
    "week": rf"{_NOT_A_BIT}(?P<which>{_NEXT}){_WEEK}(?![岁年边围转期])",
    "vague": (
        rf"过(?:几|两|些)天|过些日子|过(?:一)?阵子|改天|改日|回头再?(?=去|来|约|办)|[下这本]个?月初[一二三四五六七八九十]"
        rf"|(?:正|冬|腊)月(?:里|底|初|间)?|{_FREE}{_DAY}日(?:以|之)?后"
    ),
    "later": (
        rf"(?<!超)再?过(?P<count>半|{_NUMBER})(?P<unit>个?工作日|天|个?{_WEEK}|个月)(?:(?:以|之)?后)?(?!了)"
        rf"|{_FREE}(?P<count2>半|{_NUMBER})(?P<unit2>个?工作日|天|个?{_WEEK}|个月|(?<=半)月)(?:(?:以|之)?后(?!天))"
        rf"|(?P<next>下一?个工作日)"
    ),
    "month": (
        rf"(?:{_NOT_A_BIT}(?P<which>{_NEXT})月|{_FREE}(?P<month>{_MONTH})月份?|(?<![个0-9一二三四五六七八九十正冬腊闰])月(?=[初底末]|[上中下]旬))"
        r"(?P<part>初|底|末|[上中下]旬)?(?![个子饼嫂0-9])"
        r"|(?P<year_end>年底)"
    ),
    "holiday": (
        rf"(?:(?:过完|过了|过罢|放完|休完){_A_HOLIDAY}|(?:放|休)完(?:小?长)?假)(?:(?:以|之)?后)?(?:的|上班)*(?P<nth>第一天|头一天|第一个工作日|首日)?"
        rf"|{_A_HOLIDAY}(?:(?:以|之|过|完)?后(?!天|日)|过完|完了|结束)(?:的|上班)*(?P<nth2>第一天|头一天|第一个工作日|首日)?"
        rf"|{_A_HOLIDAY}(?P<before>(?:以|之)?前(?![台天年后面]))"
    ),
    "hours": (
        rf"{_FREE}(?P<from>{_HOUR})(?P<half>点半)?(?:点钟?)?(?:到|至|[-~—])(?P<to>{_HOUR})点(?P<until_half>半)?"
        r"|(?P<pair>七八|八九|九十(?!一)|十一二|一两|两三|三四|四五)点钟?"
    ),
    "clock": (
        rf"{_FREE}(?P<hour>{_HOUR})(?:(?:点钟?|时(?![候间常刻段]))(?P<minute>{_MINUTE})?|:(?P<minute2>[0-5][0-9])(?![0-9]))"
        r"(?![0-9一二三四五六七八九零]|意见|建议|要求|问题|要问|想问|看法|想法|说明|疑问|困难|理由|原因|注意|事|钱|儿|希望|好(?![约不]))"
        r"|(?<=[天午早晌上晨日号儿一二三四五六])(?P<hour3>[0-9]{1,2})\.(?P<minute3>[0-5][0-9])(?![0-9元块万%])"
    ),
    "period": rf"(?P<am>{_AM})|(?P<pm>{_PM})",
    "these_days": r"(?:这|近|最近)(?P<count>[两几三])天",
    "soonest": (
        r"越[快早]越好|尽快|尽早|最早(?!几点)|最快|赶早不赶晚|抓紧|赶紧|随时"
        r"|(?:哪天|哪一?天|哪个时间|么时候|什么时候|啥时候?|多咱|多会儿|几点|几号)(?:来|去|办|约)?都(?:行|可以|中|成|能|好)"
        r"|随便(?:哪|几|什么时候)[天点号]?"
        r"|^(?:都行|都可以|都中|怎么都行|随便|时间不限|你看着?办|你定)[吧的啊,，。!！]*$"
    ),
    "now": r"(?:现在|这会儿?|这咱|马上|立刻)(?=$|[,，。!！]|就?(?:能|可|去|来|过|办|约|行|有空|方便)(?!.{0,2}不|没))",
}
_PARTS = {kind: re.compile(pattern) for kind, pattern in _KINDS.items()}
_ANY = re.compile("|".join(f"(?P<{k}>{re.sub(r'[(][?]P<[a-z_0-9]+>', '(?:', p)})" for k, p in _KINDS.items()))
_BOUND = re.compile(
    r"(?:的|那天)?(?:(?P<after>(?:以|之|往)后|后(?![天日儿面边来续期果])|起(?!码)|开始)|(?P<before>(?:以|之)?前(?![台面往后])))"
)
DAY_KINDS = frozenset(_KINDS) - {"noise", "period", "clock", "hours", "soonest"}
_TRADITIONAL = str.maketrans(
    "後點禮週號個兩農曆過這開幾時來約國慶節舊陰臘閏現換間對錯",
    "后点礼周号个两农历过这开几时来约国庆节旧阴腊闰现换间对错",
)

_TOGETHER = re.compile(r"[\s的那就在(（]{0,3}(?:天|日)?")

# Up to the new time: 改, 换到, 挪一下 到, 换个时间，
_TO = r"(?:一?下|个|时间|日子|一天|别的|吧|在|去|[\s,，])*(?P<explicit>[到成为至])?(?:[\s在]*)$"
_CHANGED = re.compile(rf"(?:改|换|挪|推|调|移|延|串|错|提前|推迟|延后)(?:到|约|期|签|后|前|整|动|迟)?{_TO}")
_CORRECTED = re.compile(r"(?:不对|错了|不是不是|不[,，\s]+是|哦不|不不|我是说|应该是|记错|搞错)[,，。\s是就那应该]*$")
_RECONSIDERED = re.compile(r"(?:算了|要不然?|不如|(?:^|[,，。;；\s])还是)[,，\s就那]*$")
_ORIGINALLY = re.compile(r"(?:原来|本来|原先|原定|之前|先前|约的|定的)[约定是的在]*$")
_THE_BOOKING = re.compile(r"的?(?:那个|这个)?(?:号|预约|约)")
CHANGES = re.compile(
    r"改(?![名姓户造善革建装正])|挪|推迟|延后|延期|提前|换(?:个|一)?(?:时间|日子|天)|换[到成]|往[后前]|[调串]到"
)
_SHIFT = re.compile(
    rf"(?:[往向]?(?P<late>后)(?:挪|推|延|移|拖|错|调)|(?P<late2>推迟|延后|延迟|顺延|延期)|(?:挪|推|延|移|错|拖)(?P<late3>后)"
    rf"|[往向]?前(?:挪|推|移|提|调)|提前)(?:上|个)?(?P<count>{_NUMBER})个?(?P<unit>天|日|{_WEEK})"
)
NUMERALS = {c: n for n, c in enumerate("〇一二三四五六七八九")} | {"零": 0, "两": 2, "俩": 2, "元": 1}


@dataclass(frozen=True, slots=True)
class Said:
    """One expression: text[start:end] with what bounds it (以后), and the named pieces of its kind."""

    kind: str
    start: int
    end: int
    words: str
    parts: Mapping[str, str]
    bound: Literal["after", "before"] | None


def simple(text: str) -> str:
    """`text` in half width and with the simplified characters that matter here, character by character."""
    if text.isascii():
        return text
    return "".join(n if len(n := unicodedata.normalize("NFKC", c)) == 1 else c for c in text).translate(_TRADITIONAL)


def scan(text: str) -> list[Said]:
    """The expressions in `text` (simple), in order; they do not overlap."""
    found: list[Said] = []
    for match in _ANY.finditer(text):
        kind = match.lastgroup or ""
        start, end = match.span()
        if kind == "noise" or start < (found[-1].end if found else 0):
            continue
        parts = _pieces(kind, text, start)
        if kind == "clock" and _a_bit(parts, text, match, found):
            continue
        bound: Literal["after", "before"] | None = None
        if kind not in ("period", "holiday", "later", "soonest", "now", "vague") and (edge := _BOUND.match(text, end)):
            bound, end = "after" if edge["after"] else "before", edge.end()
        found.append(Said(kind, start, end, match[0], parts, bound))
        if kind == "near" and match[0][-1] in "早晚":
            half = {"am" if match[0][-1] == "早" else "pm": match[0][-1]}
            found.append(Said("period", end, end, match[0][-1], half, None))
    return found


def _pieces(kind: str, text: str, start: int) -> dict[str, str]:
    """The named pieces of an expression; month2 is the month of its kind's second form."""
    match = _PARTS[kind].match(text, start)
    pieces = match.groupdict() if match else {}
    return {name.rstrip("23"): piece for name, piece in pieces.items() if piece is not None}


def _a_bit(parts: Mapping[str, str], text: str, match: re.Match[str], found: Sequence[Said]) -> bool:
    """一点 is an hour only beside another word of time or alone; 快一点 is not."""
    if parts.get("hour") != "一" or "minute" in parts or match[0].endswith("钟"):
        return False
    follows = bool(found) and found[-1].end == match.start()
    return not follows and match.start() > 0


def number(word: str) -> int | None:
    """The value of digits, or of a Chinese number below 100."""
    if word.isdecimal():
        return int(word)
    tens, ten, ones = word.replace("廿", "二十").rpartition("十")
    if len(tens) > 1 or len(ones) > 1 + (ones[:1] in ("零", "〇")) or (tens and not ten):
        return None
    return (NUMERALS[tens] if tens else 1) * 10 * bool(ten) + (NUMERALS[ones[-1]] if ones else 0)


def turned(text: str, said: list[Said], *, firmly: bool = False) -> tuple[list[Said], list[Said]]:
    """What was said before the mind changed, and after; the second is empty where it did not.

    `firmly`: only where a booking is to be changed or a word is taken back, not where somebody thinks aloud (还是).
    """
    for index in range(len(said) - 1, -1, -1):
        before = text[max(0, said[index].start - 14) : said[index].start]
        changed = _CHANGED.search(before)
        firm = changed or _CORRECTED.search(before) or _not_but(text, said, index)
        if not firm and (firmly or not index or not _RECONSIDERED.search(before)):
            continue
        new = said[index:]
        after = _THE_BOOKING.match(text, runs(text, new)[0][-1].end)
        if changed and not changed["explicit"] and after:
            # 改一下周四的号: that is the one which is there.
            return said[: index + 1], said[index + 1 :]
        was = next((i for i, s in enumerate(new[1:], 1) if _ORIGINALLY.search(text[: s.start][-8:])), len(new))
        return [*said[:index], *new[was:]], new[:was]
    return said, []


def _not_but(text: str, said: Sequence[Said], index: int) -> bool:
    """不是周三，是周四"""
    if not index or not re.fullmatch(r"[的号,，\s而应该]*是", text[said[index - 1].end : said[index].start]):
        return False
    return any(text[: earlier.start].endswith("不是") for earlier in said[:index])


def runs(text: str, said: Sequence[Said]) -> list[list[Said]]:
    """`said` in groups of what belongs together: 明天 的 上午 | 后天."""
    grouped: list[list[Said]] = []
    for s in said:
        if grouped and _TOGETHER.fullmatch(text, grouped[-1][-1].end, s.start):
            grouped[-1].append(s)
        else:
            grouped.append([s])
    return grouped


def moved_by(text: str) -> int | None:
    """By how many days something is put off (推迟三天: 3) or brought forward (提前两天: -2)."""
    found = _SHIFT.search(text)
    count = number(found["count"]) if found else None
    if found is None or count is None or count > FARTHEST:
        return None
    days = count * (1 if found["unit"] in ("天", "日") else 7)
    return days if found["late"] or found["late2"] or found["late3"] else -days


def value(word: str) -> int:
    """As `number`, for what the patterns let through. Raises ValueError for what they should not have."""
    found = number(word)
    if found is None:
        raise ValueError(word)
    return found
