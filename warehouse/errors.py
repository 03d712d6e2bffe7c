"""The errors of keeping data. Each says in one sentence what happened and where."""


class WarehouseError(Exception):
    """Something about what is kept is not as it must be."""


class ArchiveError(WarehouseError):
    """A payload or a ledger line cannot be kept or is not there."""


class BusyError(WarehouseError):
    """Another build is at work on the same data."""


class ContractError(WarehouseError):
    """A contract contradicts itself, or a table does not keep its contract."""


class ReleaseError(WarehouseError):
    """A release cannot be made, or is not what its index says."""
