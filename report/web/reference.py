"""The reference of the public names: a list of directives, filled from docstrings."""

import inspect

import mtlhelpers as mtl

ROOMS = {
    "mtlhelpers": ("The package", "`import mtlhelpers as mtl`", mtl),
    "mtlhelpers.plots": ("Figures", "`mtl.plots`", mtl.plots),
    "mtlhelpers.studies": ("Records and verdicts", "`mtl.studies`", mtl.studies),
    "mtlhelpers.lesson": ("What lessons show with", "`mtl.lesson`", mtl.lesson),
}
NAMESPACES = {"lesson", "plots", "studies"}


def reference() -> str:
    """Return the page."""
    lines = ["# Reference of the package", "", "Made from the docstrings.", ""]
    told: set[str] = set(NAMESPACES)
    for heading, said, room in ROOMS.values():
        lines += [f"## {heading}", "", said, ""]
        for name in sorted(set(room.__all__) - told):
            lines += directive(name, getattr(room, name))
        told |= set(room.__all__)
    return "\n".join(lines)


def directive(name: str, thing: object) -> list[str]:
    """Return what documents one name, by where it is defined."""
    home = getattr(thing, "__module__", "")
    if inspect.isclass(thing):
        return [
            "```{eval-rst}",
            f".. autoclass:: {home}.{name}",
            "   :members:",
            "```",
            "",
        ]
    if callable(thing):
        return ["```{eval-rst}", f".. autofunction:: {home}.{name}", "```", ""]
    listed = ", ".join(f"`{key}`" for key in thing) if isinstance(thing, dict) else ""
    return [f"`{name}`: {listed}" if listed else f"`{name}`", ""]
