"""The folder the releases find their Dag in."""
