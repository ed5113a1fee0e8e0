"""What was heard, and how surely: which words to ask for again, and what can be a name at all."""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping, Sequence
from enum import StrEnum

LONGEST_NAME = 100
# What stands between letters in names of all countries: O'Neill, Anne-Marie, Jr., Müller & Söhne; then the curly
# apostrophe, the hyphen proper, the dots of Catalan and Japanese, and the joiners of Persian.
_WITHIN_NAMES = frozenset(" '.,-&\u2019\u2010\u00b7\u30fb\u200c\u200d")


class Heard(StrEnum):
    """What a caller says, the most important first: a wrong time costs more than a wrong letter in a name."""

    START = "start"
    SERVICE = "service"
    PHONE = "phone"
    NAME = "name"
    STAFF = "staff"
    EMAIL = "email"


Confidence = Mapping[Heard, float]

QUESTIONS: Mapping[Heard, str] = {
    Heard.START: "I am not sure about the day and the time. When would you like to come?",
    Heard.SERVICE: "I am not sure what you would like to have done. Could you say it again?",
    Heard.PHONE: "I am not sure about the telephone number. Could you say it again, digit by digit?",
    Heard.NAME: "I am not sure I understood your name. Could you say it again, please?",
    Heard.STAFF: "I am not sure with whom you would like to come. Could you say it again?",
    Heard.EMAIL: "I am not sure about the e-mail address. Could you spell it, please?",
}


def unclear(confidence: Confidence, given: Mapping[Heard, str | None], *, at_least: float) -> Sequence[Heard]:
    """Return what was said but not surely heard, the most important first. Nothing said about it means sure."""
    return [heard for heard in Heard if given.get(heard) and confidence.get(heard, 1.0) < at_least]


def tidy_name(name: str) -> str | None:
    """Return a name as it is written down, or None for what nobody is called: digits, addresses, markup, silence."""
    written = " ".join(unicodedata.normalize("NFC", name).split())
    letters = sum(_is_letter(character) for character in written)
    if not letters or len(written) > LONGEST_NAME:
        return None
    may_stand = all(_is_letter(each) or each in _WITHIN_NAMES for each in written)
    return written if may_stand else None


def _is_letter(character: str) -> bool:
    return unicodedata.category(character)[0] in "LM"
