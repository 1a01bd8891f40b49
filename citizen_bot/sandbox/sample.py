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
AGENTS = [("示例·代办员于大姐", "371083001001"), ("示例·代办员宋师傅", "371083001002")]


def load(engine: Engine) -> None:
    """Adds the sample staff and agents that are not there yet."""
    with engine.begin() as connection:
        for name, role, site_code in STAFF:
            row = insert(staff).values(name=name, role=role, site_code=site_code, sample=True)
            connection.execute(row.on_conflict_do_nothing(index_elements=[staff.c.name]))
        for name, division_code in AGENTS:
            agent = insert(agents).values(name=name, division_code=division_code, sample=True)
            connection.execute(agent.on_conflict_do_nothing(index_elements=[agents.c.name, agents.c.division_code]))
