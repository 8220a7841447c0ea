"""python3 -m lensmill COMMAND ...: see --help."""

import argparse
import sys
from typing import List, Optional

from lensmill import (add_recoveries, export_command, merge, stack_to_hdf5,
                      table_to_hdf5)
from lensmill.answers import command as answers
from lensmill.errors import InputError, MissingPackage
from lensmill.figures import analysis, fields, galaxies, pairs, quick_look, recovery
from lensmill.report import command as report

BAD_DATA, UNAVAILABLE, IO = 65, 69, 74


def main(arguments: Optional[List[str]] = None) -> int:
    parser = argparse.ArgumentParser(prog="python3 -m lensmill", description=__doc__)
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    for module in (report, answers, quick_look, pairs, analysis, galaxies, fields, recovery,
                   export_command, merge, stack_to_hdf5, table_to_hdf5, add_recoveries):
        module.add_command(commands)
    options = parser.parse_args(arguments)
    try:
        options.run(options)
    except InputError as error:
        print(f"lensmill: {error}", file=sys.stderr)
        return BAD_DATA
    except MissingPackage as error:
        print(f"lensmill: {error}", file=sys.stderr)
        return UNAVAILABLE
    except OSError as error:
        print(f"lensmill: {error}", file=sys.stderr)
        return IO
    return 0


if __name__ == "__main__":
    sys.exit(main())
