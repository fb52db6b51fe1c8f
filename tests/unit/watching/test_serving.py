import asyncio
import errno
import json
import os
import socket
import threading
import urllib.request
from pathlib import Path
from types import SimpleNamespace

import pytest
from store import Store

from sweep.commands.cli import run, sweep
from sweep.errors import UserError
from sweep.watching import serving
from sweep.watching.app import application
from sweep.watching.serving import Server, address_of, listen, serve, watch


@pytest.fixture
def store(tmp_path):
    store = Store(tmp_path)
    store.parent = store.run("sweep", "FINISHED", name="lr=1", **{"sweep.kind": "sweep"})
    return store


def given(store, *arguments):
    return run(sweep, ["watch", *arguments, "--tracking-uri", store.uri])


def test_it_answers_until_it_is_told_to_end(store, monkeypatch):
    servers = []
    monkeypatch.setattr(
        serving, "Server", lambda config: servers.append(Server(config)) or servers[0]
    )
    listener = listen("127.0.0.1", 0)
    seen = watch(store.uri, store.parent, Path("nowhere"))
    app = application(seen, "127.0.0.1", "127.0.0.1")
    thread = threading.Thread(target=serve, args=(app, listener))
    address = address_of(listener, "127.0.0.1")
    assert address == f"http://127.0.0.1:{listener.getsockname()[1]}/"
    thread.start()
    try:
        with urllib.request.urlopen(f"{address}state", timeout=60) as response:
            found = json.load(response)
            assert "server" not in response.headers
    finally:
        servers[0].should_exit = True
        thread.join(60)
    assert found["sweep"]["name"] == "lr=1"
    with pytest.raises(OSError):
        socket.create_connection(("127.0.0.1", int(address.split(":")[2][:-1])), 5).close()


def test_what_is_cut_off_at_its_end_is_no_line(monkeypatch, caplog):
    servers, is_asked = [], threading.Event()
    monkeypatch.setattr(serving, "LEAVING_SECONDS", 0)
    monkeypatch.setattr(
        serving, "Server", lambda config: servers.append(Server(config)) or servers[0]
    )

    async def never(scope, receive, send):
        is_asked.set()
        await asyncio.Event().wait()

    listener = listen("127.0.0.1", 0)
    thread = threading.Thread(target=serve, args=(never, listener))
    with socket.create_connection(listener.getsockname()) as client:
        thread.start()
        client.sendall(b"GET / HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n")
        assert is_asked.wait(60)
        servers[0].should_exit = True
        thread.join(60)
    assert (thread.is_alive(), caplog.messages) == (False, [])


def test_a_port_in_use_is_a_line(store, capsys):
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        assert given(store, "--port", str(port)) == 2
    assert capsys.readouterr().err == (
        f"--port {port}: another program listens there; allowed is another --port, or 0 for any "
        "that is free\n"
    )


@pytest.mark.parametrize("port", ["-1", "65536", "1000000000000"])
def test_a_port_out_of_range_is_a_line(store, capsys, port):
    assert given(store, "--port", port) == 2
    expected = f"--port {port}: allowed is a whole number from 0 (any) to 65535\n"
    assert capsys.readouterr() == ("", expected)


@pytest.mark.parametrize("host", ["192.0.2.1", "no.such.host.invalid", "a" * 80, "1.2.3.4.5"])
def test_a_host_that_is_not_here_is_a_line(store, capsys, host):
    assert given(store, "--host", host, "--port", "0") == 2
    shown = capsys.readouterr()
    assert shown.err.startswith(f"--host {host}: ") and shown.err.count("\n") == 1


def test_a_system_without_ipv6_is_a_line(store, capsys, monkeypatch):
    def refuse(*_):
        raise OSError(errno.EAFNOSUPPORT, os.strerror(errno.EAFNOSUPPORT))

    monkeypatch.setattr(socket, "socket", refuse)
    assert given(store, "--host", "::", "--port", "0") == 2
    assert capsys.readouterr().err == (
        "--host ::: cannot be listened at: Address family not supported by protocol\n"
    )


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["nothing"], "nothing is neither a run nor a sweep in sqlite:///"),
        (["--experiment", "swep"], "experiment swep is not in sqlite:///"),
    ],
)
def test_a_sweep_that_is_not_there_is_a_line(store, capsys, arguments, message):
    assert given(store, *arguments) == 2
    shown = capsys.readouterr()
    assert (shown.out, shown.err.count("\n")) == ("", 1)
    assert shown.err.startswith(message)


@pytest.mark.parametrize("host", ["0.0.0.0", "0", ""])
def test_all_addresses_are_opened_by_that_of_this_machine(host):
    at_all = SimpleNamespace(getsockname=lambda: ("0.0.0.0", 8090))  # nobody need really listen
    assert address_of(at_all, host) == "http://127.0.0.1:8090/"


def test_another_address_is_opened_as_it_was_given():
    with listen("127.0.0.1", 0) as listener:
        port = listener.getsockname()[1]
        assert address_of(listener, "localhost") == f"http://localhost:{port}/"
        assert address_of(listener, "::1") == f"http://[::1]:{port}/"


def test_it_listens_at_loopback_alone():
    with listen("127.0.0.1", 0) as listener:
        assert listener.getsockname()[0] == "127.0.0.1"
    with pytest.raises(UserError, match="--port 70000: allowed is a whole number"):
        listen("127.0.0.1", 70000)
