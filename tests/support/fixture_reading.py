"""The fixture's resources, prompts and completion."""

import json
from typing import Any

from mcp import types
from mcp.shared.exceptions import MCPError

from tests.support.fixture_rounds import ask, filled, form
from tests.support.fixture_tools import PIXEL, Context, strings

STATIC_TEXT = "test://static-text"
STATIC_BINARY = "test://static-binary"
WATCHED = "test://watched-resource"
TEMPLATE = "test://template/{id}/data"
ROUNDS_PROMPT = "test_input_required_result_prompt"

ARGUMENTS: dict[str, tuple[str, ...]] = {
    "test_simple_prompt": (),
    "test_prompt_with_arguments": ("arg1", "arg2"),
    "test_prompt_with_embedded_resource": ("resourceUri",),
    "test_prompt_with_image": (),
    ROUNDS_PROMPT: (),
}


def _said(*contents: types.ContentBlock) -> types.GetPromptResult:
    return types.GetPromptResult(messages=[types.PromptMessage(role="user", content=content) for content in contents])


def _message(name: str, arguments: dict[str, str]) -> types.GetPromptResult:
    match name:
        case "test_simple_prompt":
            return _said(types.TextContent(text="This is a simple prompt for testing."))
        case "test_prompt_with_arguments":
            words = f"Prompt with arguments: arg1='{arguments['arg1']}', arg2='{arguments['arg2']}'"
            return _said(types.TextContent(text=words))
        case "test_prompt_with_embedded_resource":
            contents = types.TextResourceContents(
                uri=arguments["resourceUri"], mime_type="text/plain", text="Embedded resource content for testing."
            )
            words = "Please process the embedded resource above."
            return _said(types.EmbeddedResource(resource=contents), types.TextContent(text=words))
        case _:
            words = "Please analyze the image above."
            return _said(types.ImageContent(data=PIXEL, mime_type="image/png"), types.TextContent(text=words))


class Reading:
    """Handlers for resources, templates, prompts and completion."""

    async def list_resources(self, _: Context, __: Any) -> types.ListResourcesResult:
        """List the static ones."""
        kinds = {STATIC_TEXT: "text/plain", STATIC_BINARY: "image/png", WATCHED: "text/plain"}
        listed = [
            types.Resource(name=uri.removeprefix("test://"), uri=uri, mime_type=kind) for uri, kind in kinds.items()
        ]
        return types.ListResourcesResult(resources=listed)

    async def list_templates(self, _: Context, __: Any) -> types.ListResourceTemplatesResult:
        """List the one template."""
        template = types.ResourceTemplate(name="template", uri_template=TEMPLATE, mime_type="application/json")
        return types.ListResourceTemplatesResult(resource_templates=[template])

    async def read_resource(self, _: Context, params: types.ReadResourceRequestParams) -> types.ReadResourceResult:
        """Return the contents of one."""
        uri = str(params.uri)
        before, after = TEMPLATE.split("{id}")
        if uri == STATIC_BINARY:
            blob = types.BlobResourceContents(uri=uri, mime_type="image/png", blob=PIXEL)
            return types.ReadResourceResult(contents=[blob])
        if uri in {STATIC_TEXT, WATCHED}:
            words, kind = "This is the content of the static text resource.", "text/plain"
        elif uri.startswith(before) and uri.endswith(after):
            number = uri.removeprefix(before).removesuffix(after)
            kind = "application/json"
            words = json.dumps({"id": number, "templateTest": True, "data": f"Data for ID: {number}"})
        else:
            raise MCPError(types.INVALID_PARAMS, f"Resource not found: {uri}", {"uri": uri})
        return types.ReadResourceResult(contents=[types.TextResourceContents(uri=uri, mime_type=kind, text=words)])

    async def list_prompts(self, _: Context, __: Any) -> types.ListPromptsResult:
        """List the prompts."""
        return types.ListPromptsResult(
            prompts=[
                types.Prompt(
                    name=name,
                    description=name.replace("_", " "),
                    arguments=[types.PromptArgument(name=argument, required=True) for argument in arguments],
                )
                for name, arguments in ARGUMENTS.items()
            ]
        )

    async def get_prompt(
        self, _: Context, params: types.GetPromptRequestParams
    ) -> types.GetPromptResult | types.InputRequiredResult:
        """Return a prompt, or ask for what it needs."""
        given = params.arguments or {}
        if params.name not in ARGUMENTS or any(name not in given for name in ARGUMENTS[params.name]):
            raise MCPError(types.INVALID_PARAMS, f"Unknown prompt or missing argument: {params.name}")
        if params.name != ROUNDS_PROMPT:
            return _message(params.name, given)
        context = filled(params, "user_context", "context")
        if context is None:
            return ask(user_context=form("What context should the prompt use?", strings("context")))
        return _said(types.TextContent(text=f"Use the following context: {context}"))

    async def complete(self, _: Context, __: types.CompleteRequestParams) -> types.CompleteResult:
        """Complete nothing: the suite checks the shape."""
        return types.CompleteResult(completion=types.Completion(values=[], total=0, has_more=False))
