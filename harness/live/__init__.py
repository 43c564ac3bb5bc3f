"""The live world: real processes, real sockets, released Airflow in environments of its own."""
