"""Measurements of the simulator on this machine: `make bench`. Ratios within one run; nothing is asserted."""
