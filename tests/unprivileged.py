"""Run a command as another user, ended when the process that started it ends, however that one dies.

``python -m tests.unprivileged PARENT_PID USER_ID GROUP_ID COMMAND …``. The user need not be able to read
this interpreter, as it could not where that lies in root's home.
"""

import os
import sys

from alphaline.runtime.tether import become, end_with_parent


def main() -> None:
    """Take the user's rights, tether this process, then become the command."""
    parent, user, group = (int(argument) for argument in sys.argv[1:4])
    if user != os.geteuid():
        os.setgroups([])
        os.setgid(group)
        os.setuid(user)
    # After the change of user, which the kernel takes as a reason to forget the tether.
    end_with_parent(parent)
    become(sys.argv[4:])


if __name__ == "__main__":
    main()
