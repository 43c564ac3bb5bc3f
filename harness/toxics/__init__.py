"""Faults on bytes and on HTTP exchanges, as code that both worlds run."""
