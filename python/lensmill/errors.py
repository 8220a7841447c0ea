"""What goes wrong, and the exit codes of `python -m lensmill` for it.

What the operating system says (a file that cannot be opened or read) stays an `OSError`:
exit code 74.
"""


class LensmillError(Exception):
    """Of this package."""


class InputError(LensmillError):
    """Input that cannot be used: exit code 65."""


class UnknownName(InputError, KeyError):
    """A product, column, band or radius that is not there; the message names those that
    are."""

    def __str__(self) -> str:
        # KeyError shows its argument in quotes.
        return str(self.args[0]) if self.args else ""


class NotThere(InputError):
    """Rows that have not been made yet (or whose shard was removed), where a value is
    needed."""


class MissingPackage(LensmillError, ImportError):
    """An optional package that is needed and cannot be loaded: exit code 69."""


def unknown(where: str, kind: str, name: object, known: "list[str] | tuple[str, ...]"
            ) -> UnknownName:
    """`WHERE: has no KIND NAME (it has: ...)`."""
    there = ", ".join(known) if known else "none"
    return UnknownName(f"{where}: has no {kind} {name} (it has: {there})")


def needs(package: str, what: str, error: ImportError) -> MissingPackage:
    """What `pip install lensmill[PACKAGE]` would mend."""
    return MissingPackage(
        f"{what} needs the Python package {package}, which this Python cannot load "
        f"({error}): Debian's python3-{package} if there is one, or in a virtual "
        f"environment `pip install {package}`")
