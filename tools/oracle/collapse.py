"""Lists of names in a short form, as the test fixtures hold them."""

from __future__ import annotations

import re


def ranges(numbers) -> str:
    """{0,1,2,5} -> '0-2,5'."""
    parts, run = [], []
    for number in sorted(numbers):
        if run and number != run[-1] + 1:
            parts.append(run)
            run = []
        run.append(number)
    parts.append(run)
    return ",".join(str(r[0]) if len(r) == 1 else f"{r[0]}-{r[-1]}" for r in parts)


def collapse(entries: list[tuple[str, str]]) -> list[str]:
    """Entries (name, rest) that differ in one number of the name become one line 'layers.{0-31}.q_proj.weight rest'."""
    merged = dict.fromkeys(entries)
    depth = max((len(re.findall(r"(?<![^.])\d+(?![^.])", name)) for name, _ in merged), default=0)
    for position in reversed(range(depth)):
        groups: dict[tuple[str, str, str], list[int]] = {}
        for name, rest in merged:
            found = [m for m in re.finditer(r"(?<![^.])(\d+|\{[^}]*\})(?![^.])", name)]
            if position < len(found) and found[position].group().isdigit():
                start, end = found[position].span()
                groups.setdefault((name[:start], name[end:], rest), []).append(int(found[position].group()))
            else:
                groups.setdefault((name, "", rest), [])
        merged = {}
        for (head, tail, rest), numbers in groups.items():
            middle = "" if not numbers else str(numbers[0]) if len(numbers) == 1 else "{" + ranges(numbers) + "}"
            merged[(head + middle + tail, rest)] = None
    return [f"{name} {rest}" for name, rest in merged]
