"""Load tests. Importing locust patches threads and sockets: nothing else may import this."""
