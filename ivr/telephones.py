"""How telephone numbers of China fall into groups when people say them; pure."""

import re

_TWO_FIGURE_AREAS = frozenset("12")  # 010, 020 to 029: areas of three figures with their 0


def telephone_groups(number: str) -> tuple[str, tuple[int, ...], str]:
    """Its figures, the sizes of their groups, and an extension if it has one.

    '010-12345678-9' is ('01012345678', (3, 4, 4), '9'); a mobile goes 3-4-4, 12320 in one.
    """
    parts = re.findall(r"\d+", re.sub(r"^\s*(?:\+|00)86[\s-]*", "", number))
    extension = parts.pop() if len(parts) > 2 and len(parts[-1]) < 7 and _is_whole(parts[:-1]) else ""
    figures = "".join(parts)
    area = len(parts[0]) if len(parts) > 1 and parts[0].startswith("0") and len(parts[0]) in (3, 4) else 0
    return figures, _groups(figures, area), extension


def _is_whole(parts: list[str]) -> bool:
    """Whether an area code and a number stand before what follows."""
    return parts[0].startswith("0") and len("".join(parts)) in (10, 11, 12)


def _groups(figures: str, area: int) -> tuple[int, ...]:
    """area: how many figures its area code has as it was written, if that was to be seen."""
    length = len(figures)
    if figures.startswith("0") and length in (10, 11, 12):
        area = area or (3 if figures[1] in _TWO_FIGURE_AREAS else 4)
        return (area, *_local(length - area))
    if length == 11:
        return (3, 4, 4)
    if length == 10 and figures[:3] in ("400", "800"):
        return (3, 3, 4)
    return _local(length)


def _local(length: int) -> tuple[int, ...]:
    """Up to six in one breath; a local number in two; whatever else in fours."""
    if length <= 6:
        return (length,)
    if length in (7, 8):
        return (length - 4, 4)
    return (*(4,) * (length // 4), *((length % 4,) if length % 4 else ()))
