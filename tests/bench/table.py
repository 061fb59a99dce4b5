"""Tables on a terminal, which can be pasted into a document."""

from dataclasses import astuple, dataclass, fields
from statistics import median


@dataclass(frozen=True, slots=True)
class Row:
    """What was measured, what came out, and what it should be at most."""

    what: str
    measured: str
    target: str = ""


def spread(figures: list[float]) -> str:
    """Milliseconds: the median, the least and the most."""
    return f"{median(figures):.2f} ms ({min(figures):.2f} to {max(figures):.2f})"


def part(some: list[float], whole: list[float]) -> str:
    """The median of what some are of the whole, round by round."""
    return f"{median(one / all_ for one, all_ in zip(some, whole, strict=True)):.2f}"


def show(title: str, rows: list[Row]) -> None:
    """Print rows under a title."""
    lines = [[field.name for field in fields(Row)], *(list(astuple(row)) for row in rows)]
    widths = [max(len(line[column]) for line in lines) for column in range(len(lines[0]))]
    print(f"\n{title}\n")  # noqa: T201  # this is what the command is for
    for number, line in enumerate(lines):
        cells = (cell.ljust(width) for cell, width in zip(line, widths, strict=True))
        print(f"| {' | '.join(cells)} |", flush=True)  # noqa: T201  # this is what the command is for
        if number == 0:
            print(f"|{'|'.join('-' * (width + 2) for width in widths)}|")  # noqa: T201  # this is what the command is for
