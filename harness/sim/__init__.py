"""The simulated world: asyncio with a clock and sockets of our own; everything above runs unchanged."""
