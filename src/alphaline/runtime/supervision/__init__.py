"""A line of this machine under supervisord: its parts, ports, configuration and control."""
