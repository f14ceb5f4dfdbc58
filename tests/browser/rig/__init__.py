"""What the browser tests stand on. The house, the database and waiting are those of the integration tests: their rig is part of this one
(`from rig.house import House`); what is new here is `rig.browser`."""
import pathlib

__path__.append(str(pathlib.Path(__file__).resolve().parents[2] / "integration" / "rig"))

from rig.config import Config  # noqa: E402
from rig.postgres import Cluster  # noqa: E402
from rig.programs import Answer, Desk, Worker  # noqa: E402
from rig.town import Town  # noqa: E402
from rig.wait import wait_until  # noqa: E402

__all__ = ["Answer", "Cluster", "Config", "Desk", "Town", "Worker", "wait_until"]
