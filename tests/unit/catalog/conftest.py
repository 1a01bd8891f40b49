from collections.abc import Callable
from pathlib import Path

import pytest

GUIDE = """\
id: senior-card
name: 老年人优待证办理
label: 老年证（60岁以上）
summary: 年满60岁的老人可以办的证，坐车看病有照顾。
department: 民政局
kind: 公共服务
levels: [town, community]
window: 综合窗口
aliases: [老年证, 优待证]
examples:
  - 我爸六十了，老年证咋办
applicants: 年满60岁的老人
conditions:
  - 年满60周岁
situations:
  - id: by-agent
    question: 是别人替老人来办吗？
  - id: reason
    question: 为什么办？
    choices:
      lost: 丢了补办
      first: 第一次办
materials:
  - name: 居民身份证
    form: 原件
    copies: 1
    source: 政府部门核发
    shared: false
  - name: 替办人的居民身份证
    form: 原件
    copies: 1
    source: 政府部门核发
    shared: false
    when: 别人替老人来办的
    needed_if: {by-agent: yes}
  - name: 遗失声明
    form: 电子
    copies: 1
    source: 申请人自备
    shared: true
    when: 丢了补办的
    needed_if: {reason: [lost]}
steps: [到窗口登记, 当场领证]
time_limit: {statutory: 5, promised: 0, unit: working}
fee: 不收费
online: {available: false}
visits: 1
agent: {allowed: true}
home_service: true
result: 老年人优待证
basis:
  - 《中华人民共和国老年人权益保障法》
review:
  state: reviewed
  by: 王科长
  on: 2026-03-01
  sources: [https://www.shandong.gov.cn/art/13812345678.html]
  confidence: high
  levels: inferred
  sharing: inferred
"""

Write = Callable[..., Path]


@pytest.fixture
def text() -> str:
    """A guide without a fault."""
    return GUIDE


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A catalogue's folder, called guides, with nothing in it."""
    folder = tmp_path / "guides"
    folder.mkdir()
    return folder


@pytest.fixture
def write(folder: Path) -> Write:
    """Writes a file below the folder: text as UTF-8, bytes as they are."""

    def write(content: str | bytes = GUIDE, file: str = "民政局/senior-card.yaml") -> Path:
        path = folder / file
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        return path

    return write
