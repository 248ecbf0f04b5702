"""The watched model-server process, with real processes: found, read, lost, restarted, mistaken for another."""

import os
import shutil
import socket
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest

from exporter import process
from exporter.process import ProcessConfig, ProcessSample, ProcessWatch

WAIT = "import time; print('ready', flush=True); time.sleep(60)"
LISTEN = (
    "import socket, time; s = socket.socket(); s.bind(('127.0.0.1', int(__import__('sys').argv[1]))); s.listen();"
    "print('ready', flush=True); time.sleep(60)"
)


@pytest.fixture
def start():
    """Start programs that say when they are ready; end them with the test."""
    children = []

    def run(*command):
        child = subprocess.Popen([*map(str, command)], stdout=subprocess.PIPE)
        children.append(child)
        assert child.stdout.readline() == b"ready\n"
        return child

    yield run
    for child in children:
        end(child)


@pytest.fixture
def script(tmp_path):
    path = tmp_path / f"serve_{os.getpid()}.py"
    path.write_text(WAIT)
    return path


def end(child):
    child.kill()
    child.wait()
    child.stdout.close()


def free_port():
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


def eventually(condition):
    deadline = time.monotonic() + 10
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.01)


def found_by(watch):
    """Return the pid of the process behind the sample, or None."""
    return watch._process.pid if watch.sample().up else None


def test_a_process_found_by_pid_is_read(start):
    before = time.time()
    child = start(sys.executable, "-c", WAIT)
    sample = ProcessWatch(ProcessConfig(pid=child.pid)).sample()
    assert sample.up
    assert before - 30 < sample.start_time < time.time() + 30
    assert 1e6 < sample.resident_memory < 1e9
    assert sample.cpu_seconds < 60
    assert sample.open_fds >= 3
    assert sample.threads == 1


def test_cpu_seconds_are_user_and_system_time_of_the_process():
    watch = ProcessWatch(ProcessConfig(pid=os.getpid()))
    before = time.process_time()
    reading = watch.sample().cpu_seconds
    assert before - 0.1 < reading < time.process_time() + 0.1


def test_a_pid_that_no_process_has_is_down_and_has_no_readings():
    assert ProcessWatch(ProcessConfig(pid=2**22 + 1)).sample() == ProcessSample(up=False)


def test_a_pid_beyond_any_machine_is_down():
    assert not ProcessWatch(ProcessConfig(pid=2**70)).sample().up


def test_a_process_that_ended_is_down(start):
    child = start(sys.executable, "-c", WAIT)
    watch = ProcessWatch(ProcessConfig(pid=child.pid))
    assert watch.sample().up
    end(child)
    assert not watch.sample().up


def test_a_zombie_is_down(start):
    child = start(sys.executable, "-c", WAIT)
    watch = ProcessWatch(ProcessConfig(pid=child.pid))
    assert watch.sample().up
    child.kill()
    eventually(lambda: psutil.Process(child.pid).status() == psutil.STATUS_ZOMBIE)
    assert watch.sample() == ProcessSample(up=False)


def test_a_pid_file_is_followed_when_it_is_rewritten(start, tmp_path):
    file = tmp_path / "model.pid"
    watch = ProcessWatch(ProcessConfig(pid_file=file))
    assert not watch.sample().up
    first = start(sys.executable, "-c", WAIT)
    file.write_text(f"{first.pid}\n/srv/model\n")
    assert found_by(watch) == first.pid
    end(first)
    assert not watch.sample().up
    second = start(sys.executable, "-c", WAIT)
    file.write_text(f" {second.pid} \n")
    assert found_by(watch) == second.pid
    file.unlink()
    assert not watch.sample().up


@pytest.mark.parametrize("text", ["", "model", "-1", "99999999999999999999999", "12 34"])
def test_a_pid_file_without_a_pid_is_down(tmp_path, text):
    file = tmp_path / "model.pid"
    file.write_text(text)
    assert not ProcessWatch(ProcessConfig(pid_file=file)).sample().up


def test_another_process_with_the_pid_of_an_old_file_is_not_taken_for_the_model(start, tmp_path, monkeypatch):
    file = tmp_path / "model.pid"
    child = start(sys.executable, "-c", WAIT)
    stranger = start(sys.executable, "-c", WAIT)
    file.write_text(str(child.pid))
    watch = ProcessWatch(ProcessConfig(pid_file=file))
    assert watch.sample().up
    end(child)
    # The kernel cannot be asked for a certain pid, so any look-up of the old one is answered with the stranger.
    monkeypatch.setattr(process, "_open", lambda _pid: psutil.Process(stranger.pid))
    assert not watch.sample().up
    file.write_text(f"{child.pid}\n")
    assert found_by(watch) == stranger.pid


def test_a_process_is_found_by_the_name_of_its_script(start, script):
    child = start(sys.executable, "-u", script)
    assert found_by(ProcessWatch(ProcessConfig(name=script.name))) == child.pid


def test_a_process_is_found_by_the_name_of_its_program(tmp_path):
    program = tmp_path / f"model-server-with-a-long-name-{os.getpid()}"
    program.write_text(f"#!{shutil.which('sh')}\necho ready\nread line\n")
    program.chmod(0o755)
    child = subprocess.Popen([program], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    try:
        assert child.stdout.readline() == b"ready\n"
        assert found_by(ProcessWatch(ProcessConfig(name=program.name))) == child.pid
    finally:
        child.communicate(b"\n", timeout=10)


def test_of_several_processes_with_the_name_the_oldest_is_watched_and_then_the_next(start, script):
    first = start(sys.executable, script)
    time.sleep(0.05)  # start times have the resolution of the kernel's clock tick
    second = start(sys.executable, script)
    watch = ProcessWatch(ProcessConfig(name=script.name))
    assert found_by(watch) == first.pid
    end(first)
    assert found_by(watch) == second.pid


def test_the_exporter_does_not_watch_itself():
    own = Path(psutil.Process().cmdline()[0]).name
    watch = ProcessWatch(ProcessConfig(name=own))
    watch.sample()
    assert watch._process is None or watch._process.pid != os.getpid()


def test_a_search_that_found_nothing_waits_before_the_next(start, script):
    now = [100.0]
    watch = ProcessWatch(ProcessConfig(name=script.name), clock=lambda: now[0])
    assert not watch.sample().up
    child = start(sys.executable, script)
    assert not watch.sample().up
    now[0] += process.SEARCH_SECONDS
    assert found_by(watch) == child.pid


def test_a_process_is_found_by_port_and_again_after_a_restart(start):
    port = free_port()
    watch = ProcessWatch(ProcessConfig(port=port))
    first = start(sys.executable, "-c", LISTEN, port)
    assert found_by(watch) == first.pid
    end(first)
    second = start(sys.executable, "-c", LISTEN, port)
    assert found_by(watch) == second.pid


def test_a_connection_from_a_port_is_not_listening_on_it():
    with socket.create_server(("127.0.0.1", 0)) as server, socket.create_connection(server.getsockname()) as client:
        assert not ProcessWatch(ProcessConfig(port=client.getsockname()[1])).sample().up
        assert found_by(ProcessWatch(ProcessConfig(port=server.getsockname()[1]))) == os.getpid()


def test_connections_that_may_not_be_listed_are_down(monkeypatch):
    def refused(**_):
        raise psutil.AccessDenied

    monkeypatch.setattr(process.psutil, "net_connections", refused)
    assert not ProcessWatch(ProcessConfig(port=1)).sample().up


def test_a_reading_that_is_not_permitted_is_none_and_the_others_are_read(monkeypatch):
    def refused(self):
        raise psutil.AccessDenied(self.pid)

    monkeypatch.setattr(psutil.Process, "num_fds", refused)
    sample = ProcessWatch(ProcessConfig(pid=os.getpid())).sample()
    assert sample.up
    assert sample.open_fds is None
    assert sample.resident_memory > 0


def test_a_process_that_ends_while_it_is_read_is_down(monkeypatch):
    def gone(self):
        raise psutil.NoSuchProcess(self.pid)

    monkeypatch.setattr(psutil.Process, "num_threads", gone)
    assert ProcessWatch(ProcessConfig(pid=os.getpid())).sample() == ProcessSample(up=False)


def test_the_log_says_when_the_process_comes_and_goes_and_not_between(start, tmp_path, caplog):
    caplog.set_level("INFO")
    file = tmp_path / "model.pid"
    watch = ProcessWatch(ProcessConfig(pid_file=file))
    watch.sample()
    watch.sample()
    child = start(sys.executable, "-c", WAIT)
    file.write_text(str(child.pid))
    watch.sample()
    watch.sample()
    assert [(entry.levelname, entry.message) for entry in caplog.records] == [
        ("WARNING", "no model server process"),
        ("INFO", "watching the model server process"),
    ]


@pytest.mark.parametrize("options", [{}, {"pid": 1, "port": 80}])
def test_none_or_two_ways_to_find_the_process_are_refused(options):
    with pytest.raises(ValueError, match="exactly one of pid, pid_file, name and port"):
        ProcessConfig(**options)
