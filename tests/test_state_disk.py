"""A disk that is full, refuses to write or is read-only: the exporter says so, keeps serving, and loses nothing."""

import resource
import signal
import subprocess
import sys
import time
from contextlib import contextmanager
from pathlib import Path

import pytest
import shop
import stack
from running import Site, get, scrape, until
from shop import value

PREDICTIONS = "model_predictions_total"
FAILURES = "prediction_exporter_checkpoint_failures_total"
WRITTEN = "prediction_exporter_checkpoint_timestamp_seconds"
ROOM = 2 << 20  # bytes of the disk
ALONE = ("unshare", "--user", "--map-root-user", "--mount")
MOUNTED = 'mount -t tmpfs -o "$1" tmpfs data && shift && exec "$@"'

pytestmark = pytest.mark.slow


@contextmanager
def disk(home):
    """A disk of its own at home/data, that some process sees; yields what a command has to begin with to see it."""
    (home / "data").mkdir()
    command = [*ALONE, "sh", "-c", MOUNTED, "sh", f"size={ROOM}", "sh", "-c", "echo; exec cat"]
    with subprocess.Popen(command, cwd=home, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as holder:
        assert holder.stdout.readline()
        enter = ["nsenter", f"--target={holder.pid}", "--user", "--mount", "--preserve-credentials"]
        yield Path(f"/proc/{holder.pid}/root{home}/data"), [*enter, "sh", "-c", 'cd "$0" && exec "$@"', str(home)]
        holder.stdin.close()


@contextmanager
def exporter(home, before=()):
    """An exporter as a process; yields its address and process, whose log can be read once it has ended."""
    (address,) = stack.free_addresses(1)
    command = [*before, sys.executable, "-m", "exporter", "run", "--web.listen-address", address]
    with subprocess.Popen(command, cwd=home, stderr=subprocess.PIPE, text=True) as process:
        try:
            stack.eventually("it is ready", lambda: ready(address), 60)
            yield address, process
        finally:
            process.kill()


def ready(address):
    try:
        return get(address, "/-/ready")[0] == 200
    except OSError:
        return False


def failing(address):
    return until(address, lambda found: value(found, FAILURES) >= 2, 60)


def written(address, since):
    until(address, lambda found: found.get((WRITTEN, ()), 0) > since, 60)


def site(home):
    made = Site(home)
    made.config.write_text(made.config.read_text() + "state: data/state.db\n")
    return made


def fill(directory):
    with (directory / "filler").open("wb", buffering=0) as file:
        try:
            while file.write(bytes(4096)):
                pass
        except OSError:
            return


def test_a_full_disk_is_said_and_nothing_is_lost(tmp_path):
    made, records = site(tmp_path), shop.records(6000)
    with disk(tmp_path) as (directory, inside):
        made.append(records[:1000])
        with exporter(tmp_path, inside) as (address, process):
            until(address, lambda found: value(found, PREDICTIONS) == 1000)
            written(address, 0)
            fill(directory)
            made.append(records[1000:5000])
            failing(address)
            until(address, lambda found: value(found, PREDICTIONS) == 5000)
            assert ready(address)
            process.send_signal(signal.SIGKILL)
            assert process.stderr.read().count("the state cannot be written") == 1
        with exporter(tmp_path, inside) as (address, process):
            until(address, lambda found: value(found, PREDICTIONS) == 5000)
            failing(address)
            now = time.time()
            (directory / "filler").unlink()
            written(address, now)
            process.send_signal(signal.SIGKILL)
            said = process.stderr.read()
        assert said.count("the state cannot be written") == said.count("the state is written again") == 1
        made.append(records[5000:] + records[:10])
        with exporter(tmp_path, inside) as (address, _):
            until(address, lambda found: value(found, "model_actuals_duplicate_total") == 10)
            assert value(scrape(address), PREDICTIONS) == 6000


def test_a_disk_that_refuses_to_write_is_said_and_nothing_is_lost(tmp_path):
    made, records = site(tmp_path), shop.records(3000)
    made.append(records[:1000])
    with exporter(tmp_path) as (address, process):
        until(address, lambda found: value(found, PREDICTIONS) == 1000)
        written(address, 0)
        allowed = resource.prlimit(process.pid, resource.RLIMIT_FSIZE)
        resource.prlimit(process.pid, resource.RLIMIT_FSIZE, (0, allowed[1]))
        made.append(records[1000:2000])
        failing(address)
        until(address, lambda found: value(found, PREDICTIONS) == 2000)
        assert ready(address)
        now = time.time()
        resource.prlimit(process.pid, resource.RLIMIT_FSIZE, allowed)
        written(address, now)
        made.append(records[2000:])
        until(address, lambda found: value(found, PREDICTIONS) == 3000)
        process.terminate()
        said = process.stderr.read()
    assert said.count("the state cannot be written") == said.count("the state is written again") == 1
    with exporter(tmp_path) as (address, _):
        until(address, lambda found: value(found, PREDICTIONS) == 3000)


def test_a_state_file_on_a_read_only_disk_is_refused(tmp_path):
    site(tmp_path)
    (tmp_path / "data").mkdir()
    command = [*ALONE, "sh", "-c", MOUNTED, "sh", "ro", sys.executable, "-m", "exporter", "run"]
    found = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False, timeout=60)
    assert found.returncode == 1
    assert "data/state.db" in found.stderr
    assert "Traceback" not in found.stderr
