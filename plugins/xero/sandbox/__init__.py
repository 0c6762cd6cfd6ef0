"""An independent stand-in for Xero, with its rules: for demos, rehearsals and tests.

It shares no code with the plugin or the hub. Every rule cites its section of the fact sheet (``FACTS``); where that
is unsure, a switch of `SandboxSettings` makes the sandbox behave both ways.
"""

from plugins.xero.sandbox.calls import Call, Calls
from plugins.xero.sandbox.errors import RefusedError
from plugins.xero.sandbox.faults import FaultRule, Faults
from plugins.xero.sandbox.organisation import Organisation
from plugins.xero.sandbox.server import SANDBOX, Sandbox, create_sandbox, make_app
from plugins.xero.sandbox.settings import SandboxSettings

__all__ = [
    "SANDBOX",
    "Call",
    "Calls",
    "FaultRule",
    "Faults",
    "Organisation",
    "RefusedError",
    "Sandbox",
    "SandboxSettings",
    "create_sandbox",
    "make_app",
]
