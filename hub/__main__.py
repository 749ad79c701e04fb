"""Starts a command from a checkout with nothing but Python: `python3 -m hub COMMAND …`.

Makes the environment first and hands over to it. Must parse on any Python 3, so that an old one gets a sentence.
"""

import sys


def main() -> int:
    """Run one hub command, in a checkout's own environment where there is a checkout."""
    if sys.version_info < (3, 11):  # noqa: UP036 - this is what an older Python sees
        sys.exit(
            f"The hub needs Python 3.11 or newer, and this is Python {sys.version.split()[0]} ({sys.executable}).\n"
            "What to do: run the same command with a newer Python, for example python3.12 -m hub …"
        )
    from hub import environment, frontend

    if environment.is_checkout():
        try:
            environment.prepare("".join(sys.argv[1:2]))
            frontend.prepare()
        except environment.CannotSetUp as error:
            sys.exit(str(error))
        except KeyboardInterrupt:
            sys.exit("Stopped while setting up. The same command goes on from here.")
        environment.enter(sys.argv[1:])

    from hub.cli import main as run

    return run()


if __name__ == "__main__":
    sys.exit(main())
