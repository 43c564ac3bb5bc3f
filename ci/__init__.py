"""What CI and people run: the lint of our own, the lock, the benchmarks."""
