"""PostgreSQL for a test, and an MLflow server on it that asks for a password."""

import contextlib
import os
import secrets
import shutil
import signal
import subprocess
import tempfile
import time
from pathlib import Path

import psycopg2
import pytest
from ports import free_port
from workplace import Server

INSTALLED = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"))
# For speed: what a crash of the machine would lose is a test's.
SETTINGS = ("fsync=off", "full_page_writes=off", "synchronous_commit=off", "max_connections=200")


class PostgreSQL:
    """A cluster of PostgreSQL of its own, on a port of this machine, with an empty database.

    It refuses to run as root, and is run by the system's user ``postgres`` then. It ends with the
    thread that started it, however that ends.
    """

    def __init__(self):
        """Choose a port and a password; start nothing. Without PostgreSQL, the test is skipped."""
        if not INSTALLED:
            pytest.skip("PostgreSQL is not installed: apt-get install postgresql")
        self._programs = INSTALLED[-1].parent
        self._user, self.password = "sweep", secrets.token_hex(8)
        self.port = free_port()
        self._folder = self._process = None

    @property
    def url(self):
        """The address of the database, with the password."""
        return self.url_with(self.password)

    def url_with(self, password):
        # SQLAlchemy from 2.1 on takes psycopg 3 unless told otherwise.
        return f"postgresql+psycopg2://{self._user}:{password}@127.0.0.1:{self.port}/mlflow"

    def __enter__(self):
        # Not pytest's folder, which only its own user may enter.
        self._folder = Path(tempfile.mkdtemp(prefix="sweep-postgresql-"))
        try:
            self._create()
            self.start()
            self.execute("CREATE DATABASE mlflow", "postgres")
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *error):
        self.kill()
        shutil.rmtree(self._folder)

    def _create(self):
        password = self._folder / "password"
        password.write_text(self.password)
        if os.getuid() == 0:
            for path in (self._folder, password):
                shutil.chown(path, "postgres", "postgres")
        options = ("--auth=scram-sha-256", f"--pwfile={password}", "--no-sync", "--locale=C.UTF-8")
        command = self._command("initdb", f"--username={self._user}", *options, str(self._data))
        done = subprocess.run(command, cwd=self._folder, capture_output=True, text=True)
        assert done.returncode == 0, done.stdout + done.stderr

    @property
    def _data(self):
        return self._folder / "data"

    def _command(self, program, *arguments):
        """Return the command, run by one who is not root, that ends when this thread does."""
        user = ("--reuid=postgres", "--regid=postgres", "--init-groups") if os.getuid() == 0 else ()
        return ["setpriv", *user, "--pdeathsig=QUIT", str(self._programs / program), *arguments]

    def start(self):
        """Start it, and wait until it answers."""
        listening = ("-h", "127.0.0.1", "-p", str(self.port), "-k", str(self._folder))
        options = [part for setting in SETTINGS for part in ("-c", setting)]
        command = self._command("postgres", "-D", str(self._data), *listening, *options)
        log = self._folder / "log"
        with log.open("a") as stream:
            self._process = subprocess.Popen(
                command, cwd=self._folder, stdout=stream, stderr=stream, start_new_session=True
            )
        for _ in range(600):
            assert self._process.poll() is None, log.read_text()
            with contextlib.suppress(psycopg2.OperationalError):
                self._connect("postgres").close()
                return
            time.sleep(0.1)
        raise TimeoutError(log.read_text())

    def _connect(self, database):
        own = {"user": self._user, "password": self.password, "port": self.port}
        return psycopg2.connect(host="127.0.0.1", dbname=database, **own)

    def execute(self, statement, database="mlflow"):
        """Run a statement; return the rows of its result, if it has one."""
        with contextlib.closing(self._connect(database)) as connection:
            connection.autocommit = True
            with connection.cursor() as cursor:
                cursor.execute(statement)
                return cursor.fetchall() if cursor.description else None

    @property
    def pid(self):
        return self._process.pid

    def kill(self):
        """Kill it at once, with all its processes; unless it is dead. What it had stored stays."""
        if self._process:
            self._process.send_signal(signal.SIGQUIT)  # its children are killed by it
            self._process.wait(60)
            self._process = None


class AuthServer(Server):
    """An MLflow server on PostgreSQL that asks for a name and a password.

    Attributes:
        environment: the variables with which its administrator is let in.
    """

    def __init__(self, folder, database):
        """Take the folder of its artifacts, and a database that runs; start nothing."""
        super().__init__(folder)
        self._url = database.url
        password = secrets.token_hex(8)
        self.environment = {
            "MLFLOW_TRACKING_USERNAME": "admin",
            "MLFLOW_TRACKING_PASSWORD": password,
        }
        settings = folder / "auth.ini"
        settings.write_text(
            "[mlflow]\n"
            "default_permission = NO_PERMISSIONS\n"
            f"database_uri = {self._url}\n"
            "admin_username = admin\n"
            f"admin_password = {password}\n"
            "auth_cache_ttl_seconds = 60\n"  # or each request takes a tenth of a second of hashing
        )
        settings.chmod(0o600)
        self.settings = {
            **super().settings,
            "MLFLOW_AUTH_CONFIG_PATH": str(settings),
            "MLFLOW_FLASK_SERVER_SECRET_KEY": secrets.token_hex(16),
        }

    @property
    def command(self):
        store = ["--backend-store-uri", self._url]
        artifacts = ["--artifacts-destination", str(self._folder / "artifacts")]
        return ["server", "--app-name", "basic-auth", *store, *artifacts]
