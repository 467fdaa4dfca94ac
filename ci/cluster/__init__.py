"""``make test-cluster``: the chart on a real cluster, from installing to uninstalling.

Read in this order: `settings` (which cluster), `release` and `kubectl` (how it is spoken to), `line`
(the line that runs there), `laptop` (the same replay on this machine), then one module for each thing
that is shown, in the order of `showing`.
"""
