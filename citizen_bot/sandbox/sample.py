"""People for development: every name says that it is a sample."""

from sqlalchemy import Engine
from sqlalchemy.dialects.postgresql import insert

from citizen_bot.people.models import agents, staff

CITY_HALL = "371083"
TOWN_CENTRE = "371083100"

STAFF = [
    ("示例·窗口小于", "window", TOWN_CENTRE),
    ("示例·负责人老姜", "site_manager", TOWN_CENTRE),
    ("示例·承办人小宋", "complaint_handler", CITY_HALL),
    ("示例·监督员老刘", "supervisor", None),
    ("示例·事项管理员小王", "catalogue_editor", None),
    ("示例·系统管理员", "administrator", None),
]
# Name, village or community, items taken (none: every one), office hours. No phone: a made-up number may be somebody's.
AGENTS = [
    ("示例·代办员于大姐", "371083001001", [], "示例：工作日上午8:30到11:30，在社区便民服务站"),
    (
        "示例·代办员宋师傅",
        "371083001002",
        ["elderly-age-allowance", "pension-eligibility-authentication", "disability-certificate-new"],
        "示例：工作日下午1:30到5:00，在社区便民服务站",
    ),
]


def load(engine: Engine) -> None:
    """Adds the sample staff and agents that are not there yet."""
    with engine.begin() as connection:
        for name, role, site_code in STAFF:
            row = insert(staff).values(name=name, role=role, site_code=site_code, active=True, sample=True)
            connection.execute(row.on_conflict_do_nothing(index_elements=[staff.c.name]))
        for name, division_code, items, office_hours in AGENTS:
            agent = insert(agents).values(
                name=name, division_code=division_code, items=items, office_hours=office_hours, active=True, sample=True
            )
            connection.execute(agent.on_conflict_do_nothing(index_elements=[agents.c.name, agents.c.division_code]))
