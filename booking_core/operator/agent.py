"""`python -m booking_core agent …`: what an operator needs to set up the voice agent."""

from __future__ import annotations

import json
from typing import Annotated

import typer

from booking_core.agent.definition import definition
from booking_core.domain.models import PromptVersion

cli = typer.Typer(help="The voice agent, as Retell is told of it.", no_args_is_help=True)


@cli.command()
def render(
    tenant: Annotated[str, typer.Option(help="Path token of the salon whose calls the agent takes.")] = "demo",
    version: Annotated[PromptVersion, typer.Option(help="Prompt: v1 confirms everything, v2 once.")] = PromptVersion.V2,
    base_url: Annotated[str, typer.Option(help="Where Retell reaches the core.")] = "http://127.0.0.1:8000",
) -> None:
    """Print the agent as JSON: the body of Retell's "create LLM" request, or parts to paste into its dashboard."""
    functions_url = f"{base_url.rstrip('/')}/v1/retell/{tenant}/functions"
    typer.echo(json.dumps(definition(version, functions_url), indent=2, ensure_ascii=False))
