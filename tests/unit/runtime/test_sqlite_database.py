from pathlib import Path

from alphaline.runtime.journal import RiskJournal


def test_every_commit_reaches_the_disk_before_it_returns(tmp_path: Path) -> None:
    journal = RiskJournal(tmp_path / "journal.sqlite", epoch=1)
    connection = journal._database.connection
    assert connection.execute("PRAGMA journal_mode").fetchone() == ("wal",)
    assert connection.execute("PRAGMA synchronous").fetchone() == (2,)
    journal.close()
