"""Which names are refused for how they are written, whoever has another one."""

from __future__ import annotations

from scim_provisioning.protocol import spelling
from scim_provisioning.protocol.errors import InvalidValue


def legible(name: str, attribute: str = "userName") -> None:
    """Refuse a name that may look like another one, whoever has that: what nobody can see, what is drawn like something
    else, blanks around it. Raises ``InvalidValue``.

    By its own characters alone: an answer that depends on who has the other name tells of other customers' people.
    """
    for odd, sentence in (
        (spelling.unseen(name), "characters that cannot be seen"),
        (spelling.stand_ins(name), "characters that look like others"),
        (spelling.piled_marks(name), "more accents in a row than anybody writes"),
    ):
        if odd:
            raise InvalidValue(
                f"{attribute} holds {sentence}: {odd}.",
                code="attr.characters",
                params={"attribute": attribute, "code_points": odd},
            )
    if name != name.strip():
        raise InvalidValue(
            f"{attribute} begins or ends with a blank. Remove the blank.",
            code="attr.blanks",
            params={"attribute": attribute},
        )
