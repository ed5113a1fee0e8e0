"""How a program and a voice agent call the core."""

from __future__ import annotations

import json

from booking_core.adapters import retell
from tests.booking_core.conftest import Stage
from tests.factories import API_KEY, NOW, SALON, TEN_O_CLOCK_LOCAL

KEY = {"Authorization": f"Bearer {API_KEY}"}
BOOKING = {
    "service": "haircut",
    "start": TEN_O_CLOCK_LOCAL,
    "customer": {"name": "Erika Muster", "phone": "+4930901820"},
}
FUNCTIONS = f"/v1/retell/{SALON.token}/functions"


async def post(stage: Stage, path: str, body: object, **headers: str):
    async with stage.client() as client:
        return await client.post(path, json=body, headers={**KEY, **headers})


async def call(
    stage: Stage,
    name: str,
    args: dict,
    *,
    key: str = SALON.retell_api_key,
    path: str = FUNCTIONS,
    about: dict | None = None,
    **headers,
):
    """Call a function as Retell does; `about` is what the call object says besides the caller's number."""
    on_the_line = {"call_id": "call-1", "from_number": "+4930901820", **(about or {})}
    body = json.dumps({"name": name, "args": args, "call": on_the_line}).encode()
    signature = retell.sign(body, key, now=NOW)
    async with stage.client() as client:
        return await client.post(path, content=body, headers={retell.HEADER: signature, **headers})
