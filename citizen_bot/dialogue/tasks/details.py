"""What a resident tells of somebody: name, telephone number, kinship, why somebody should come. Pure.

Words that an office may want to add to (kinship, reasons, ways to agree) stand in intents/signals.yaml.
"""

import re
import unicodedata
from collections.abc import Collection
from dataclasses import dataclass
from typing import Literal

from citizen_bot.people.contacts import IdentityFault, WrongIdentity, check_identity, check_name, check_phone

# The names that families of China have, by what most of them start with: four of five hundred cover nearly everybody.
_SURNAMES = (
    "王李张刘陈杨赵黄周吴徐孙胡朱高林何郭马罗梁宋郑谢韩唐冯于董萧程曹袁邓许傅沈曾彭吕苏卢蒋蔡贾丁魏薛叶阎余潘杜戴夏钟汪田任姜范方石姚谭廖邹熊金陆郝孔崔康毛邱秦江史顾侯邵孟龙段雷钱汤尹黎武乔贺赖龚文庞樊兰殷"
    "施陶洪翟安颜倪严牛温芦季俞章鲁葛伍韦申尤毕聂丛焦柳邢路岳齐沿梅莫庄辛管祝左涂谷祁舒耿牟卜詹关苗凌费纪靳盛童欧甄项曲游阳裴席卫屈鲍位覃霍翁隋植甘景薄司柏宁柯阮桂闵柴华车冉房边辜吉饶刁瞿戚丘古米池滕晋苑邬"
    "臧肖闫畅宫嵺苟褚廉娄盖符奚木穆党燕郎邸冀谈姬屠郜晏栾郁蒙喻揭窦迟宇敖糜鄢卓花仇艾蓝巩稽井练仲虞卞竺冼衣楚佟栗匡台巫鞠僧桑荆谌银扬沙岑蔺矫慕逄逯"
)
# Families whose name is an everyday word: they count only where a name is said to follow (叫成龙).
_EVERYDAY = "来都应和成保商计解全官原时习乐封包向冷单简查易常万连强白明宿初胥伏宗付战由幸"
_COMPOUND = "欧阳|司马|上官|诸葛|东方|皇甫|尉迟|公孙|慕容|司徒|令狐|夏侯|端木|宇文|长孙|南宫"
_HAN = "\u4e00-\u9fff"
# No name ends in one of these: what follows a name in one breath (王桂芬电话…, 王桂芬是我娘).
_AFTER_NAME = "电手打号的她他我俺住在今是身这您你给，。"
_FULL_NAME = re.compile(rf"(?:(?:{_COMPOUND})[{_HAN}]{{1,2}}|[{_SURNAMES}][{_HAN}]{{1,2}})")
_NAME_AFTER_CALLED = re.compile(rf"(?:(?:{_COMPOUND})[{_HAN}]{{1,2}}|[{_SURNAMES}{_EVERYDAY}][{_HAN}]{{1,2}})")
# What is corrected stands after these: 名字打错了，是王富山; 不是王福山 是王富山.
_CORRECTED = re.compile(
    rf"(?:错了?|写差了?|不对|不是[{_HAN}]{{2,4}}?)[\s，,。]*(?:应该|改成|换成)?"
    rf"(?:(?:是|叫)\s*(?P<called>{_NAME_AFTER_CALLED.pattern})|\s*(?P<alone>{_FULL_NAME.pattern}))(?=$|[\s，,。！!])"
)
# A village or a town that begins like a name: 薛家村.
_PLACES = ("村", "镇", "乡", "县")
_PERSONS = "老人|办事人|本人|娘|妈|爹|爸|爷爷|奶奶|姥姥|姥爷|父亲|母亲|老伴|对象"
_CALLED = re.compile(
    r"(?:(?:名字|姓名|大名)(?:就?是|叫|[:： ])?|(?<!不)(?:就|名)?叫(?:做)?"
    rf"|(?:{_PERSONS})(?:是|[:：])|(?:给|替|帮)(?={_COMPOUND}|[{_SURNAMES}]))"
    rf"\s*([{_HAN}·]{{2,12}})"
)
_CHINESE_DIGITS = str.maketrans("零〇一幺二两三四五六七八九", "0011223456789")
_SPOKEN = re.compile(
    r"[零〇一幺二两三四五六七八九\d][零〇一幺二两三四五六七八九\d\s-]{5,16}[零〇一幺二两三四五六七八九\d]"
)
_TAIL = re.compile(
    r"最后(?:面)?的?([一二两三四1-4])(?:位|个)(?:数|数字)?(?:应该)?(?:是|为)?\s*([\d零〇一幺二两三四五六七八九]{1,4})"
)
_COUNT = {"一": 1, "二": 2, "两": 2, "三": 3, "四": 4}
_DATE = re.compile(r"20\d\d[- ]?[01]?\d[- ]?[0-3]?\d")
# Place, year of birth and the rest; one digit more or less is a slip of the finger.
_IDENTITY = re.compile(r"(?<!\d)[1-8]\d{5}(?:19|20)\d{8,10}[\dXx](?!\d)")


@dataclass(frozen=True, slots=True)
class Phone:
    """`number` is None for digits that were meant as a telephone number and are none."""

    number: str | None


def read_phone(text: str, before: str | None = None) -> tuple[Phone | None, str]:
    """The telephone number in `text`, in digits or spoken (一三八…), and the text without it.

    With a number told `before`, a correction of its end counts too (最后两位是04).
    """
    text = unicodedata.normalize("NFKC", text)
    if _IDENTITY.search(text):
        return None, text
    tail = _TAIL.search(text)
    if tail and before:
        digits = _digits(tail[2])
        count = _COUNT.get(tail[1]) or int(tail[1])
        if len(digits) == count:
            corrected = check_phone(before[: -len(digits)] + digits)
            return Phone(corrected), text[: tail.start()]
    for found in _SPOKEN.finditer(text):
        digits = _digits(found[0])
        if len(digits) < 7 or _DATE.fullmatch(found[0].strip()):
            continue
        return Phone(check_phone(digits)), text[: found.start()] + " " + text[found.end() :]
    return None, text


def identity_in(text: str) -> IdentityFault | Literal["right"] | None:
    """Whether an identity number stands in `text`, which nobody asked for, and what is wrong with it."""
    found = _IDENTITY.search(unicodedata.normalize("NFKC", text))
    if found is None:
        return None
    try:
        check_identity(found[0])
    except WrongIdentity as error:
        return error.reason
    return "right"


def read_name(
    text: str, not_names: Collection[str], *, asked: bool, corrected: bool = False, beside_phone: bool = False
) -> str | None:
    """The name that `text` tells: after 叫, 姓名 and the like; `asked` for one, also alone (姜秀兰); `corrected`, also
    after what takes the one before back (不对，是王富山). Of a name that stands `beside_phone`, the family's may be
    an everyday word (冷桂英). `not_names` are words that only look like one (谢谢)."""
    for found in _CALLED.finditer(text):
        name = _name_at(found[1])
        if name is not None and name not in not_names:
            return name
    if corrected and (anew := _CORRECTED.search(text)):
        name = anew["called"] or anew["alone"]
        if name not in not_names:
            return check_name(name)
    if not asked:
        return None
    whole = _NAME_AFTER_CALLED if beside_phone else _FULL_NAME
    for part in re.split(r"[\s，,。；;、！!：:]+", text):
        bare = re.sub(r"^(?:我|俺|是|就|给|叫|写|名)+|(?:吧|的|呢|啊|哈)+$", "", part)
        for word in dict.fromkeys((part, bare)):
            if whole.fullmatch(word) and word not in not_names and not word.endswith(_PLACES):
                return check_name(word)
    return None


def _name_at(text: str) -> str | None:
    """The name at the start of `text`, without what follows it in one breath."""
    found = _NAME_AFTER_CALLED.match(text)
    if found is None:
        return None
    name = found[0]
    if name.endswith(_PLACES):
        return None
    while len(name) > 2 and name[-1] in _AFTER_NAME:
        name = name[:-1]
    return check_name(name)


def _digits(spoken: str) -> str:
    return re.sub(r"\D", "", spoken.translate(_CHINESE_DIGITS))
