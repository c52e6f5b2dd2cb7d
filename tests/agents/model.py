"""A model on loopback that calls one tool and repeats what came back: what an agent needs to make a real tools/call.

It speaks OpenAI's chat completions and responses, Anthropic's messages and Gemini's generateContent, as a whole or as a
stream. The tool is the one whose name stands in the words of a person, `call echo`; what its schema demands is WORD.
"""

import json
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from quart import Quart, Response, request

from tests.agents.tongues import TONGUES, Answer, Asked
from tests.support.serving import serve

WORD = "said-by-the-model"
"""What every argument is."""
NO_SUCH_TOOL = "No tool of that name is here."


@asynccontextmanager
async def serve_model(heard: list[str] | None = None) -> AsyncIterator[str]:
    """Serve the model while the block runs and yield its origin."""
    app = Quart(__name__)

    @app.route("/<path:path>", methods=["GET", "POST", "PUT", "DELETE", "HEAD"])
    async def answer(path: str) -> Any:
        sent = await request.get_json(force=True, silent=True) or {}
        if heard is not None:
            heard.append(f"{request.method} /{path} {json.dumps(sent)[:60000]}")
        tongue = next((each for pattern, each in TONGUES if re.search(pattern, path)), None)
        if tongue is None or request.method != "POST":
            return {"data": [], "models": []}, 200
        streams = bool(sent.get("stream")) or "stream" in path
        reply = reply_to(tongue.read(sent))
        if not streams:
            return tongue.whole(reply)
        return Response("".join(tongue.stream(reply)), content_type="text/event-stream")

    async with serve(app) as origin:
        yield origin


def reply_to(asked: Asked) -> Answer:
    """Return the call of the tool that was asked for, or what it gave where it was called already."""
    if asked.result is not None:
        return Answer(text=f"The tool gave: {asked.result}")
    wanted = re.findall(r"call (\w+)", asked.words)
    tool = next((each for each in asked.tools if wanted and re.search(rf"(^|\W|_){wanted[-1]}$", each.name)), None)
    if tool is None:
        return Answer(text=NO_SUCH_TOOL)
    demanded = dict.fromkeys(tool.schema.get("required", []), WORD)
    return Answer(tool=tool, arguments=demanded)
