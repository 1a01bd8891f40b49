"""Residents who book, move, cancel and ask, who try again when nothing comes, and who remember what they were told."""

import contextlib
import itertools
import random
import re
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import date

from tests.door import openid_of
from tests.faults.wechat import WeChat

ITEMS = ("低保", "残疾证", "临时救助", "退伍军人优待证")
HOURS = {
    "上午八点半": (8, 30),
    "上午九点半": (9, 30),
    "上午十点半": (10, 30),
    "下午一点半": (13, 30),
    "下午两点半": (14, 30),
    "下午三点半": (15, 30),
}
# Most want one of these: there the seats run out.
BUSY = ("上午八点半", "上午九点半")
NAMES = ("王秀英", "于凤英", "宋桂兰", "姜玉珍", "刘淑芬", "孙建国", "丛培德", "李桂芝")
QUESTIONS = ("低保要带什么", "身份证丢了怎么补", "社保卡怎么激活", "几点上班", "俺娘八十了 听说能领钱 要带啥")
# A message that is not answered is written again, so often, after so many seconds.
TRIES, AGAIN_AFTER_S = 8, 1.5
MOST_STEPS = 14

_WISHES = itertools.count(1)

# As it is told, and as PostgreSQL has it in Asia/Shanghai: month, day, hour, minute.
Moment = tuple[int, int, int, int]


@dataclass
class Wish:
    """One booking that somebody wants. `phone` is this wish's alone, so that all that came of it can be found.

    `possible` is where it can stand, a (state, moment) each: one where the last answer said so, two where something was
    asked for and no answer came. `cancelled_at` is when that it is cancelled was read (unix seconds).
    """

    openid: str
    name: str
    phone: str
    code: str | None = None
    possible: set[tuple[str, Moment]] = field(default_factory=set)
    cancelled_at: float | None = None
    codes: set[str] = field(default_factory=set)
    confusions: list[str] = field(default_factory=list)

    def acknowledge(self, code: str, moment: Moment) -> None:
        self.code = code
        self.codes.add(code)
        self.possible = {("booked", moment)}

    @property
    def moment(self) -> Moment:
        return next(moment for _, moment in self.possible)


@dataclass(frozen=True)
class Place:
    """Where and when residents of a round want to go."""

    town: str
    day: date


class GaveUp(Exception):
    """The resident has tried long enough."""


class Resident:
    """One person with one account, in a thread of their own."""

    def __init__(self, wechat: WeChat, place: Place, number: int, seed: str) -> None:
        self._wechat = wechat
        self.place = place
        self._chance = random.Random(seed)
        self._openid = openid_of(f"fault{number:06}x{self._chance.randrange(10**6):06}x")
        self.wishes: list[Wish] = []
        self.rewritten = 0

    def live(self) -> None:
        self._think(3.0)
        items = self._chance.sample(ITEMS, 2)
        names = self._chance.sample(NAMES, 2)
        with contextlib.suppress(GaveUp):
            for item, name in list(zip(items, names, strict=True))[: self._chance.choice((1, 2, 2))]:
                wish = self._wish(name)
                self._book(wish, item, self._chance.choice(BUSY if self._chance.random() < 0.7 else list(HOURS)))
                if self._chance.random() < 0.3:
                    self._say(self._chance.choice(QUESTIONS))
                if wish.code is not None:
                    self._change_mind(wish)

    def take(self, hour: str) -> Wish:
        """Books this hour and nothing else, at once. Raises GaveUp."""
        wish = self._wish(NAMES[0])
        self._book(wish, ITEMS[0], hour)
        return wish

    def _wish(self, name: str) -> Wish:
        wish = Wish(self._openid, name, f"138{next(_WISHES):08}")
        self.wishes.append(wish)
        return wish

    def _change_mind(self, wish: Wish) -> None:
        what = self._chance.random()
        if what < 0.25:
            self._move(wish)
        elif what < 0.45:
            self._cancel(wish)

    def _book(self, wish: Wish, item: str, hour: str) -> None:
        sentence = f"{_spell(self.place.day)}{hour}去{self.place.town}办{item} 帮我约上"
        answer = self._say(sentence)
        for _ in range(MOST_STEPS):
            if "约好了" in answer or "已经有一个预约了" in answer:
                wish.acknowledge(*_told(answer, "约好了" in answer))
                return
            if "请您核对" in answer:
                answer = self._say("确认")
            elif "名字" in answer and "还没约好" not in answer:
                answer = self._say(f"{wish.name} {wish.phone}")
            elif "手机号" in answer:
                answer = self._say(wish.phone)
            elif _offers_hours(answer):
                answer = self._say("1")
            elif (mine := self._mine(wish)) is not None:
                wish.acknowledge(*mine)
                return
            else:
                wish.confusions.append(answer)
                answer = self._say(sentence)
        raise GaveUp

    def _move(self, wish: Wish) -> None:
        before = wish.moment
        hour = self._chance.choice([hour for hour, at in HOURS.items() if at != before[2:]])
        answer = self._say("改时间")
        for _ in range(MOST_STEPS):
            if "改好了" in answer:
                code, moment = _told(answer, True)
                if code == wish.code:
                    wish.acknowledge(code, moment)
                    return
                raise AssertionError(f"another booking was moved: {answer}")
            if found := re.search(r"改到：(.*)", answer):
                wish.possible.add(("booked", _moment(found[1])))
                answer = self._say("确认")
            elif "您说的是哪一个" in answer:
                answer = self._choose(wish, answer)
            elif _offers_hours(answer):
                answer = self._say(f"{_spell(self.place.day)}{hour}" if hour else "1")
                hour = ""
            elif (mine := self._mine(wish)) is not None and mine[1] != before:
                wish.acknowledge(*mine)
                return
            else:
                wish.confusions.append(answer)
                return

    def _cancel(self, wish: Wish) -> None:
        answer = self._say("取消预约")
        for _ in range(MOST_STEPS):
            if "已经取消" in answer:
                wish.possible = {("cancelled", wish.moment)}
                wish.cancelled_at = time.time()
                return
            if "要取消的是" in answer:
                if wish.code not in answer:
                    raise AssertionError(f"another booking would be cancelled: {answer}")
                wish.possible.add(("cancelled", wish.moment))
                answer = self._say("确认")
            elif "您说的是哪一个" in answer:
                answer = self._choose(wish, answer)
            elif self._mine(wish) is None:
                wish.possible = {("cancelled", wish.moment)}
                wish.cancelled_at = time.time()
                return
            else:
                wish.confusions.append(answer)
                return

    def _choose(self, wish: Wish, answer: str) -> str:
        line = next(line for line in answer.splitlines() if re.match(r"\d\. ", line) and f"{wish.code}" in line)
        return self._say(line[0])

    def _mine(self, wish: Wish) -> tuple[str, Moment] | None:
        """Code and moment of the wish as 我的预约 lists it; of one without a code those that no other wish has."""
        others = {code for other in self.wishes if other is not wish for code in other.codes}
        answer = self._say("我的预约")
        assert "您的预约：" in answer or "您现在没有预约" in answer, answer
        for line in answer.splitlines():
            if (code := re.search(r"预约号(Y\d+)", line)) and code[1] not in others and wish.code in (None, code[1]):
                return code[1], _moment(line)
        return None

    def _say(self, text: str) -> str:
        """The answer, however often it takes. Each time it is a new message."""
        for attempt in range(TRIES):
            self._think(0.3)
            if attempt:
                self.rewritten += 1
                time.sleep(AGAIN_AFTER_S)
            answer = self._wechat.deliver(self._openid, text, self._chance)
            if answer is not None:
                return answer
        raise GaveUp

    def _think(self, most: float) -> None:
        time.sleep(self._chance.uniform(0.05, most))


class Crowd:
    """Residents of one round, all at once."""

    def __init__(self, wechat: WeChat, place: Place, count: int, seed: str) -> None:
        self._residents = [Resident(wechat, place, number, f"{seed} {number}") for number in range(count)]
        self._broken: list[str] = []
        self._threads = [
            threading.Thread(target=self._guarded(resident.live), daemon=True) for resident in self._residents
        ]

    def start(self) -> None:
        for thread in self._threads:
            thread.start()

    def wait(self) -> None:
        for thread in self._threads:
            thread.join()

    @property
    def wishes(self) -> list[Wish]:
        return [wish for resident in self._residents for wish in resident.wishes]

    @property
    def rewritten(self) -> int:
        return sum(resident.rewritten for resident in self._residents)

    @property
    def broken(self) -> Sequence[str]:
        """What no resident should ever see."""
        return self._broken

    def _guarded(self, live: Callable[[], None]) -> Callable[[], None]:
        def run() -> None:
            try:
                live()
            except Exception as error:
                self._broken.append(f"a resident is at a loss: {error!r}")

        return run


def _offers_hours(answer: str) -> bool:
    return re.search(r"^1\. .*\d+点", answer, re.MULTILINE) is not None and "预约号" not in answer


def _told(answer: str, whole: bool) -> tuple[str, Moment]:
    """The code and moment in an answer: of its own lines where it is `whole`, else of a line of 我的预约."""
    code = re.search(r"预约号：?(Y\d+)", answer)
    moment = re.search(r"时间：(.*)", answer) if whole else re.search(r"(.*)预约号", answer)
    assert code, answer
    assert moment, answer
    return code[1], _moment(moment[1])


def _moment(text: str) -> Moment:
    found = re.search(r"(\d+)月(\d+)日（周.）(\d+)点(?:(\d+)分)?", text)
    assert found, text
    month, day, hour, minute = (int(part or 0) for part in found.groups())
    return month, day, hour, minute


def _spell(day: date) -> str:
    return f"{day.month}月{day.day}号"
