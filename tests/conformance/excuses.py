"""Every recorded step that is not compared, and every difference that is meant, each with its reason."""

#: Routes the fake does not serve yet, as (method, start of the path): reason.
NOT_SERVED = {
    ("GET", "/execution/task-instances/count"): "no fault acts on it",
    ("GET", "/execution/task-instances/states"): "no fault acts on it",
    ("GET", "/execution/task-instances/breadcrumbs"): "no fault acts on it",
    ("GET", "/execution/task-instances/previous/"): "no fault acts on it",
    ("GET", "/execution/task-reschedules/"): "there is no DAG processor to run a sensor",
    ("GET", "/execution/dag-runs/"): "runs are made by submitting tasks",
    ("POST", "/execution/dag-runs/"): "runs are made by submitting tasks",
    ("GET", "/execution/dags/"): "there is no DAG processor",
    ("GET", "/execution/assets/"): "assets are not modelled",
    ("GET", "/execution/asset-events/"): "assets are not modelled",
    ("PUT", "/execution/store/"): "the state store is not modelled",
    ("GET", "/execution/store/"): "the state store is not modelled",
    ("DELETE", "/execution/store/"): "the state store is not modelled",
    ("GET", "/execution/connection-tests/"): "connection tests are not modelled",
}

#: The same for paths that end in these words.
NOT_SERVED_ENDINGS = {
    "/validate-inlets-and-outlets": "assets are not modelled",
    "/previous-successful-dagrun": "runs are made by submitting tasks",
}

#: Differences that are meant, over all steps.
DIVERGENCES = {
    "content-encoding": "the fake does not compress: a chunk cut in two should be readable in a history",
    "content-length": "present where the real server sends a compressed body in chunks",
}


def not_served(method: str, path: str) -> str | None:
    """Why a call is not compared, None when it is."""
    for (each, start), reason in NOT_SERVED.items():
        if method == each and path.startswith(start):
            return reason
    for ending, reason in NOT_SERVED_ENDINGS.items():
        if path.endswith(ending):
            return reason
    return None
