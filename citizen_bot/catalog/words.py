"""The fixed English words of guides as people of the office say them, in the order in which they are listed."""

LEVELS = {"city": "市", "town": "镇街", "community": "社区", "village": "村"}
UNITS = {"working": "工作日", "calendar": "自然日"}
STATES = {"draft": "未复核", "reviewed": "已复核"}
CONFIDENCES = {"high": "高", "medium": "中", "low": "低"}
FLAGS = {True: "是", False: "否"}
