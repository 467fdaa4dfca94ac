"""What the ``verify`` commands are made of: a line of one's own, its logs, and what must hold."""
