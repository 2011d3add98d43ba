"""`python -m qgemm …`: the command line, of which `bench --external` runs products of Python's libraries."""

import sys
from typing import List, Optional

from . import _core, external


def main(arguments: Optional[List[str]] = None) -> int:
    words = sys.argv[1:] if arguments is None else arguments
    sys.stdout.flush()
    return _core.command_line(["qgemm", *words], external.find)


if __name__ == "__main__":
    sys.exit(main())
