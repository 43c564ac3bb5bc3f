"""TLS for tests: an authority of our own, sessions without I/O, and what the server's side shows and takes."""
