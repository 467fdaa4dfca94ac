"""``alphaline doctor``: whether this machine can run the line, and what to do where it cannot."""

import typer

from alphaline.cli.output import AsJson, answer

app = typer.Typer(add_completion=False)


@app.command()
def doctor(as_json: AsJson = False) -> None:
    """Check Python, packages, Kafka or Java, processor, memory, disk and ports; 1 where one fails."""
    from alphaline.runtime.machine_checks import check_machine

    checks = check_machine()
    holds = all(check.verdict != "fail" for check in checks)
    lines = [
        text
        for check in checks
        for text in (
            f"{check.verdict:<5} {check.name}: {check.seen}",
            *([f"      -> {check.remedy}"] if check.remedy else []),
        )
    ]
    payload = {"holds": holds, "checks": [check._asdict() for check in checks]}
    answer(payload, lines, as_json=as_json)
    raise typer.Exit(0 if holds else 1)
