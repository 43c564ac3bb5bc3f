"""Every recorded step that is not compared, and every difference that is meant, each with its reason."""

#: Steps by recording that say nothing to compare with.
NOT_COMPARED = {
    "happy": {"xcom_set_unknown_run": "no exchange: the real server closed the connection"},
    "errors": {"non_uuid_sub": "no exchange: the real server closed the connection"},
    "content": {"hitl_ask_archived_task_instance": "no exchange: the real server closed the connection"},
}

#: Differences that are meant, over all steps.
DIVERGENCES = {
    "content-encoding": "the fake does not compress: a chunk cut in two should be readable in a history",
    "content-length": "present where the real server sends a compressed body in chunks",
}
