"""Pure data: what a run is before, during and after it happens. Standard library only, no asyncio."""
