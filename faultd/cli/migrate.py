"""``faultd migrate``: bring PostgreSQL's schema up to date."""

import sys
from pathlib import Path

import asyncpg

from actors.store.schema import SchemaMismatch, migrate
from faultd import embedded
from faultd.cli.common import DEFAULT_CONFIG, EX_CONFIG, EX_UNAVAILABLE, ConfigFile, configuration, fail
from faultd.config import Config


def migrate_database(config: ConfigFile = DEFAULT_CONFIG) -> None:
    """Bring the database's schema to the newest revision. Doing so again does nothing.

    Exit 69 when the database cannot be reached, 78 when its schema is newer than this faultd.
    """
    settings = configuration(config)
    server = None
    try:
        url = _url(settings)
        if not url:
            server = embedded.start(settings.path())
            url = server.url
        done = migrate(url)
    except SchemaMismatch as error:
        fail(str(error), EX_CONFIG)
    except (OSError, asyncpg.PostgresError, asyncpg.InterfaceError, embedded.EmbeddedPostgresError) as error:
        fail(f"the database cannot be reached: {error}", EX_UNAVAILABLE)
    finally:
        if server is not None:
            server.stop()
    if done.before == done.after:
        sys.stdout.write(f"schema {done.after}: up to date\n")
    else:
        sys.stdout.write(f"schema {done.before or '(empty)'} -> {done.after}\n")


def _url(settings: Config) -> str:
    if settings.database.url_file:
        return Path(settings.database.url_file).read_text().strip()
    return settings.database.url
