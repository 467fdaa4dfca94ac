"""Which online store a deployment has: the settings that say so, and what every writer does."""

from collections.abc import Sequence
from functools import partial
from typing import Literal, Protocol, Self

from pydantic import Field, SecretStr, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from alphaline.messages import FeatureVector
from alphaline.runtime.feature_store.recent import recent_vectors
from alphaline.runtime.feature_store.sqlite_online import SqliteOnlineWriter
from alphaline.runtime.feature_store.table import FeatureTable, StorePaths

CONNECTION_VARIABLE = "ALPHALINE_ONLINE_STORE_CONNECTION"


class OnlineStoreSettings(BaseSettings):
    """Where Feast serves the newest row of each instrument."""

    model_config = SettingsConfigDict(env_prefix="ALPHALINE_", frozen=True, extra="ignore")

    online_store: Literal["sqlite", "redis"] = Field(
        "sqlite", description="a file under the data root, or a Redis server"
    )
    online_store_connection: SecretStr = Field(
        SecretStr(""), description="redis: host:port,db=0,password=…, as Feast spells it"
    )

    @model_validator(mode="after")
    def _has_what_it_needs(self) -> Self:
        if self.online_store == "redis" and not self.online_store_connection.get_secret_value():
            raise ValueError(
                f"ALPHALINE_ONLINE_STORE=redis: expected {CONNECTION_VARIABLE} (host:port,db=0,"
                "password=…), saw none"
            )
        return self


class OnlineWriter(Protocol):
    """Writes feature vectors where Feast serves the newest row of each instrument.

    Of several vectors of an instrument the one with the latest ``(ts_known, ts_event)`` stays; an
    older or equal one never overwrites, whoever wrote the one that is there.
    """

    def write(self, vectors: Sequence[FeatureVector]) -> int:
        """Write one batch; return how many instruments it changed.

        Raises
        ------
        MessageError
            If a vector is not a row of the table; nothing is written then.
        StoreUnavailableError
            If the store is a server that does not answer; some of the batch may be written.
        """

    def tend(self) -> None:
        """Find out whether the store still holds what was written, and bring back what it lost.

        Raises
        ------
        StoreUnavailableError
            If the store is a server that does not answer.
        """

    def close(self) -> None:
        """Release the store."""


def open_online(store: OnlineStoreSettings, paths: StorePaths, table: FeatureTable) -> OnlineWriter:
    """Return the writer of ``table`` for the store that was chosen; a server is not yet asked."""
    if store.online_store == "sqlite":
        return SqliteOnlineWriter(paths.online, table)
    # What only runs on SQLite needs no Redis client.
    from alphaline.runtime.feature_store.redis_online import RedisOnlineWriter  # noqa: PLC0415

    connection = store.online_store_connection.get_secret_value()
    recent = partial(recent_vectors, paths.offline(table.feature_set), table)
    return RedisOnlineWriter(connection, table, recent)
