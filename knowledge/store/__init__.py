"""The knowledge store: rows in and out. The tables are declared in `contracts.tables`."""
