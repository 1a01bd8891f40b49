"""The catalogue as a workbook for the office: exported, marked with Excel or WPS, and read back into the guides.

    export(catalogue, path)                      what stands in the guides, with columns to fill in
    read(path) -> Marks                          what the office filled in
    plan(folder, marks, today=day) -> Plan       what that changes in the files; nothing is written yet
    Plan.diff(), Plan.write()

Everything that is wrong with a workbook is told at once as FaultyFiles, by sheet, row and column.
"""

from citizen_bot.catalog.workbook.apply import Plan, plan
from citizen_bot.catalog.workbook.export import export
from citizen_bot.catalog.workbook.marks import Marks, read

__all__ = ["Marks", "Plan", "export", "plan", "read"]
