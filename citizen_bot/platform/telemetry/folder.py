"""The folder in which processes share their metrics.

Imports no prometheus_client, which reads the variable once, at its own import.
"""

import os
import shutil
from pathlib import Path

MULTIPROC_VARIABLE = "PROMETHEUS_MULTIPROC_DIR"


def share_metrics(folder: Path) -> None:
    """Empties `folder` and lets this process, and those that it starts, count in it.

    Does nothing where the variable is set already: then the process that set it has prepared the folder.
    """
    if MULTIPROC_VARIABLE in os.environ:
        return
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(mode=0o700, parents=True)
    os.environ[MULTIPROC_VARIABLE] = str(folder)
