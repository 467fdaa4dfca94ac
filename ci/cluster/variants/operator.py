"""What a person does beside helm: status and kill switch from outside, other images, a broken one."""

from ci.cluster.run import Run
from ci.cluster.same import on_this_machine, same
from ci.cluster.sessions import BRIEFLY, UNDISTURBED
from ci.cluster.variants.broken_server import kept_out
from ci.cluster.variants.other_content import brought, upgraded_and_back
from ci.cluster.variants.status import seen_from_outside


def show(run: Run) -> None:
    """Show each, the comparison with this machine before the kill switch is touched."""
    with run.own_namespace():
        _on_release(run)


def _on_release(run: Run) -> None:
    line = run.install({})
    run.trade(line)
    here = on_this_machine(line, run.folder, (UNDISTURBED, BRIEFLY))
    other = brought(run.settings, run.folder / "other", run.report)
    line.start_replay(BRIEFLY)
    run.found["other_content"] = upgraded_and_back(line, run.settings, other)
    run.found["broken_server"] = kept_out(line)
    run.found["load"] = {"holds": line.line_time() < line.end_of(BRIEFLY.last)}
    line.replay_to_the_end(BRIEFLY)
    ledger = run.folder / "after.sqlite"
    run.found["after"] = same(line, here[BRIEFLY], ledger, "after other images")
    run.found["status"] = seen_from_outside(line)
    line.reader.close()
