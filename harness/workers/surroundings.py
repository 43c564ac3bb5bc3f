"""The caller's process: what of it released code must not see, and what it must leave as it was."""

from __future__ import annotations

import functools
import logging
import os
import sys
import warnings
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from typing import Any


@contextmanager
def only_these_options(options: Mapping[str, str]) -> Iterator[None]:
    """No other option of Airflow is set: those of the caller's shell would change what is tested."""
    before = dict(os.environ)
    try:
        for name in before:
            if name.startswith(("AIRFLOW_", "_AIRFLOW_")):
                del os.environ[name]
        os.environ.update(options)
        yield
    finally:
        os.environ.clear()
        os.environ.update(before)


@contextmanager
def as_before() -> Iterator[None]:
    """Import path, warnings, logging and structlog are afterwards what they were: Airflow sets all four."""
    path = list(sys.path)
    with ExitStack() as undo:
        undo.callback(sys.path.__setitem__, slice(None), path)
        undo.callback(_structlog_as_before())
        undo.enter_context(warnings.catch_warnings())
        undo.enter_context(_logging_as_before())
        yield


@contextmanager
def quiet_logs() -> Iterator[None]:
    """No log lines meanwhile: the History says the same, and formatting them costs a third of a run."""
    with ExitStack() as undo:
        undo.callback(logging.disable, logging.root.manager.disable)
        undo.callback(_structlog_as_before())
        logging.disable(logging.CRITICAL)
        if structlog := sys.modules.get("structlog"):  # it comes with Airflow
            structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))
        yield


@contextmanager
def _logging_as_before() -> Iterator[None]:
    existing = [item for item in logging.root.manager.loggerDict.values() if isinstance(item, logging.Logger)]
    before = [(logger, _of(logger)) for logger in (logging.root, *existing)]
    captured = logging._warnings_showwarning is not None  # type: ignore[attr-defined]
    # dictConfig closes every handler it knows of, the caller's too: it must know of none
    names, handlers = dict(logging._handlers), list(logging._handlerList)  # type: ignore[attr-defined]
    logging._handlers.clear()  # type: ignore[attr-defined]
    logging._handlerList.clear()  # type: ignore[attr-defined]
    try:
        yield
    finally:
        logging.captureWarnings(captured)
        for logger, values in before:
            logger.__dict__.update(values)
        logging.root.manager._clear_cache()  # type: ignore[attr-defined]  # of levels that are enabled
        logging._handlers.clear()  # type: ignore[attr-defined]
        logging._handlers.update(names)  # type: ignore[attr-defined]
        logging._handlerList[:] = handlers  # type: ignore[attr-defined]


def _of(logger: logging.Logger) -> dict[str, Any]:
    return {
        "handlers": list(logger.handlers),
        "level": logger.level,
        "propagate": logger.propagate,
        "disabled": logger.disabled,
    }


def _structlog_as_before() -> Callable[[], None]:
    """What gives structlog the configuration back that it has now."""
    structlog = sys.modules.get("structlog")
    if structlog is None:
        return lambda: None
    if not structlog.is_configured():
        return structlog.reset_defaults  # type: ignore[no-any-return]
    return functools.partial(structlog.configure, **structlog.get_config())
