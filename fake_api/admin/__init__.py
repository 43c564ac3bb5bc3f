"""Routes of our own, off unless asked for: seed a server from outside, look at its state and its decisions."""
