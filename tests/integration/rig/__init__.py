"""The rig of the integration tests: real PostgreSQL, real town, real programs."""
from rig.config import Config
from rig.ears import Hook, Mailbox
from rig.place import SHARED, build_dir, program, shared
from rig.postgres import Cluster, Database
from rig.programs import Answer, Desk, Worker
from rig.town import Town
from rig.wait import wait_until

__all__ = ["Answer", "Cluster", "Config", "Database", "Desk", "Hook", "Mailbox", "SHARED", "Town", "Worker", "build_dir", "program", "shared",
           "wait_until"]
