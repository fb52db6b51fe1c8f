"""How a search's storage is connected to."""

import pytest

from sweep.search.storage import engine_options


@pytest.mark.parametrize(
    ("address", "arguments"),
    [
        ("sqlite:///optuna.db", {"timeout": 60}),
        ("sqlite+pysqlite:///optuna.db", {"timeout": 60}),
        ("postgresql+psycopg2://user@host/studies", {"connect_timeout": 5}),
        ("mssql+pyodbc://host/studies", {}),
    ],
)
def test_how_long_a_database_is_waited_for_whatever_its_driver(address, arguments):
    assert engine_options(address) == {"connect_args": arguments}
