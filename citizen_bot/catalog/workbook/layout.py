"""Sheets and columns that exporting and reading share. A change that makes old workbooks unreadable raises FORMAT."""

FORMAT = 2

GUIDANCE = "说明"
REVIEWS = "复核"
CONTENTS = "内容"
ADDITIONS = "新增材料"
# Hidden: format and catalogue's hash, then one row an item with its review, which tells what the office changed there.
STATE = "_格式"

ITEM = "事项编号"
NAME = "事项名称"

BY = "复核人"
ON = "复核日期"
LEVELS = "哪一级能办已核对"
SHARING = "共享材料已核对"
OPINION = "意见"
REVIEW_COLUMNS = (
    ITEM, NAME, "部门", "哪里能办", "窗口", "能否网办", "把握", "拿不准的地方", "复核状态",
    BY, ON, LEVELS, SHARING, OPINION,
)  # fmt: skip
REVIEW_FILLED = (BY, ON, LEVELS, SHARING, OPINION)

PLACE = "位置"
PRESENT = "现在的内容"
CORRECTION = "更正"
CONTENT_COLUMNS = (ITEM, NAME, "项目", PLACE, PRESENT, CORRECTION)

MATERIAL = "材料名称"
FORM = "原件/复印件"
COPIES = "份数"
SOURCE = "谁出具"
SHARED = "窗口能否查到"
WHEN = "谁需要"
NEEDED_IF = "情形"
NOTE = "提醒"
# Key in a guide → column.
ADDITION_KEYS = {
    "name": MATERIAL, "form": FORM, "copies": COPIES, "source": SOURCE, "shared": SHARED,
    "when": WHEN, "needed_if": NEEDED_IF, "note": NOTE,
}  # fmt: skip
ADDITION_COLUMNS = (ITEM, *ADDITION_KEYS.values())

# In the column of corrections: takes the entry out of the guide.
REMOVE = "删除"
