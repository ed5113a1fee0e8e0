"""What we tell Retell when the telephone rings."""

from pydantic import BaseModel, ConfigDict


class Variables(BaseModel):
    """The dynamic variables that Retell puts into the prompt; it takes nothing but strings. Empty means not known."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    salon_name: str = "the salon"
    time_zone: str = ""
    today: str = ""
    caller_name: str = ""
    last_service: str = ""
    prompt_version: str = ""
