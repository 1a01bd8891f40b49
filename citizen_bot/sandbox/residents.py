"""The people and places that one can choose from in the simulator. All made up, but for the names of towns."""

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class SampleResident:
    """`openid` is stable, so that a chat goes on after a restart."""

    id: str
    name: str
    about: str
    openid: str


@dataclass(frozen=True, slots=True)
class Place:
    """GCJ-02 degrees of a town's seat, as WeChat sends them."""

    name: str
    latitude: float
    longitude: float


RESIDENTS = (
    SampleResident("yu", "于大娘", "82岁，说乡音", "oSandboxYuDaNiang0000000000A"),
    SampleResident("li", "小丽", "于大娘的女儿，在城里上班", "oSandboxXiaoLi0000000000000B"),
    SampleResident("song", "老宋", "村民，种果树", "oSandboxLaoSong000000000000C"),
    SampleResident("new", "新来的人", "第一次来", "oSandboxNewcomer00000000000D"),
)

PLACES = (
    Place("城区街道", 36.911, 121.525),
    Place("乳山口镇", 36.865, 121.507),
    Place("白沙滩镇", 36.833, 121.696),
    Place("南黄镇", 36.978, 121.792),
)

# Shown while the service has not made a menu of its own through the API.
MENU: dict[str, Any] = {
    "button": [
        {"type": "click", "name": "办事指南", "key": "guide"},
        {"type": "click", "name": "人工", "key": "human"},
    ]
}
