"""Airflow's own token code, asked from another process: python real_tokens.py < questions.json > answers.json.

A question is {"environ": {…}, "tokens": […]}; its answer says of each token whether Airflow's Execution API takes
it under that configuration, and has one that Airflow minted: {"taken": [true, …], "minted": "…"}.
"""

import asyncio
import json
import os
import sys
from typing import Any

from airflow.api_fastapi.execution_api import app


async def takes(validator: Any, token: str) -> bool:
    try:
        await validator.avalidated_claims(token)
    except Exception:  # noqa: BLE001 — as JWTBearer does it
        return False
    return True


async def answer(question: dict[str, Any]) -> dict[str, Any]:
    os.environ.update(question["environ"])
    try:
        validator = app._jwt_validator()
        taken = [await takes(validator, token) for token in question["tokens"]]
        extras = {"sub": "00000000-0000-0000-0000-000000000001", "scope": "execution"}
        return {"taken": taken, "minted": app._jwt_generator().generate(extras)}
    finally:
        for name in question["environ"]:
            del os.environ[name]


async def main() -> None:
    questions = json.load(sys.stdin)
    print("ANSWERS", json.dumps([await answer(each) for each in questions]))


if __name__ == "__main__":
    asyncio.run(main())
