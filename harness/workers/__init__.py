"""The fleet's workers: `scripted`, our readable reference, and `edge`, Airflow's released EdgeWorker."""
