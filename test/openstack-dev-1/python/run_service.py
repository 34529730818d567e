"""Run the entry point of an OpenStack service.

    run_service.py MODULE ARGUMENT...

MODULE has a function main, such as nova.cmd.compute. Nova loads compute drivers only from the package nova.virt;
the directories in NOVA_VIRT_PATH are added to it.
"""

import importlib
import os
import sys


def main():
    name = sys.argv.pop(1)
    sys.argv[0] = name
    if name.startswith("nova."):
        importlib.import_module("nova.cmd")  # patches the standard library first
        import nova.virt

        extra = os.environ.get("NOVA_VIRT_PATH", "")
        nova.virt.__path__.extend(path for path in extra.split(os.pathsep) if path)
    sys.exit(importlib.import_module(name).main())


if __name__ == "__main__":
    main()
