"""The base class of all of Corridor's errors, and the errors of storing data. Each message is one sentence."""


class CorridorError(Exception):
    """An expected failure. Its message states what happened and where, and is shown to the user without a traceback."""


class WarehouseError(CorridorError):
    """Stored data is missing, damaged or contradictory."""


class ArchiveError(WarehouseError):
    """A payload or a line of the ledger cannot be stored or found."""


class BusyError(WarehouseError):
    """Another build holds the lock of the same data."""


class ContractError(WarehouseError):
    """A contract contradicts itself, or a table does not satisfy its contract."""


class ReleaseError(WarehouseError):
    """A release cannot be made, or its files differ from its index."""
