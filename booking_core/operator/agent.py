"""`python -m booking_core agent`: what it takes to set up the voice agent at Retell."""

from __future__ import annotations

import json
from typing import Annotated

import typer
from sqlalchemy import cast, create_engine, literal
from sqlalchemy.dialects.postgresql import JSONB

from booking_core.adapters.postgres.sight import limited_to
from booking_core.adapters.postgres.tables import tenants
from booking_core.agent.definition import definition
from booking_core.domain.models import PromptVersion
from booking_core.domain.ports import EVERY_TENANT
from booking_core.operator import terminal

cli = typer.Typer(help="The voice agent: what Retell is told of it, and which one speaks.", no_args_is_help=True)

Salon = Annotated[str, typer.Option("--tenant", help="Path token of the salon whose calls the agent takes.")]
Version = Annotated[PromptVersion, typer.Option(help="Prompt: v1 confirms everything, v2 once.")]


@cli.command()
def render(
    tenant: Salon = "demo",
    version: Version = PromptVersion.V2,
    base_url: Annotated[str, typer.Option(help="Where Retell reaches the core.")] = "http://127.0.0.1:8000",
) -> None:
    """Print the agent as JSON: the body of Retell's "create LLM" request, or parts to paste into its dashboard."""
    functions_url = f"{base_url.rstrip('/')}/v1/retell/{tenant}/functions"
    typer.echo(json.dumps(definition(version, functions_url), indent=2, ensure_ascii=False))


@cli.command()
def assign(
    agent_id: Annotated[str, typer.Argument(help="The agent's id at Retell.")],
    tenant: Salon = "demo",
    version: Version = PromptVersion.V2,
) -> None:
    """Let this Retell agent take the calls of a prompt version; BOOKING_PROMPT_V2_PERCENT says how many that are."""
    engine = create_engine(terminal.settings().owner_url)
    agents = tenants.c.retell_agents.op("||", return_type=JSONB)(cast(literal({version.value: agent_id}, JSONB), JSONB))
    with engine.begin() as connection:
        connection.execute(limited_to(EVERY_TENANT))
        changed = connection.execute(
            tenants.update().where(tenants.c.token == tenant).values(retell_agents=agents)
        ).rowcount
    engine.dispose()
    if not changed:
        typer.echo(f"There is no salon {tenant!r}; see the path of its Retell URL.", err=True)
        raise typer.Exit(terminal.USAGE)
    typer.echo(f"{agent_id} takes the calls of prompt {version.value} at {tenant!r}, within half a minute.")
