"""python3 -m lensmill COMMAND ...: see --help."""

import argparse
import sys

from lensmill import stack_to_hdf5, table_to_hdf5
from lensmill.errors import InputError


def main(arguments=None):
    parser = argparse.ArgumentParser(prog="python3 -m lensmill", description=__doc__)
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    stack_to_hdf5.add_command(commands)
    table_to_hdf5.add_command(commands)
    options = parser.parse_args(arguments)
    try:
        options.run(options)
    except InputError as error:
        print(f"lensmill: {error}", file=sys.stderr)
        return 65
    except OSError as error:
        print(f"lensmill: {error}", file=sys.stderr)
        return 74
    return 0


if __name__ == "__main__":
    sys.exit(main())
