"""The questions of the reference study, answered from runs: see `lensmill answers --help`."""
