"""What the commands report and end with."""


class InputError(Exception):
    """Input that cannot be used: exit code 65."""
