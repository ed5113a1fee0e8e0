"""`slotwatch import-openslo`: what an OpenSLO file promises, as the `objectives` of sla.yaml."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
import yaml

from sla import objectives, openslo_import
from sla.objectives import SlaError


def import_openslo(
    file: Annotated[Path, typer.Argument(help="OpenSLO v1, such as alerts/generated/openslo/slos.yaml.")],
    into: Annotated[
        Path | None, typer.Option("--into", help="Write it to this file instead of the screen; it may not exist yet.")
    ] = None,
) -> None:
    """Turn the SLOs of an OpenSLO v1 file into the `objectives` of sla.yaml, to be put in its place there.

    Only objectives are read: where to measure and whom to tell stand elsewhere in sla.yaml. Exit codes: 0 all could be
    said, 2 not, with a sentence for each thing that could not.
    """
    try:
        wanted = openslo_import.imported(file.read_text("utf-8"), objectives.load())
        text = yaml.safe_dump({"objectives": wanted}, sort_keys=False, allow_unicode=True)
        if into is None:
            typer.echo(text, nl=False)
            return
        with into.open("x", encoding="utf-8") as out:
            out.write(text)
    except FileExistsError as error:
        typer.echo(f"{into} is there already; name another file, or remove it", err=True)
        raise typer.Exit(2) from error
    except (OSError, UnicodeDecodeError) as error:
        typer.echo(f"cannot read or write: {error}", err=True)
        raise typer.Exit(2) from error
    except SlaError as error:
        typer.echo(str(error), err=True)
        raise typer.Exit(2) from error
    typer.echo(f"wrote {into}; put it in the place of `objectives` in sla/sla.yaml, then run `make generate`")
