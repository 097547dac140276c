"""Ctrl-C waits for the end of a block, and is not forgotten."""

from __future__ import annotations

import signal
import subprocess
import sys
import threading

import pytest

from simcomm.sweep.interrupts import held_back


def interrupt() -> None:
    """Ctrl-C for this thread: one for the whole process may reach any thread, numpy's own too, and late."""
    signal.pthread_kill(threading.get_ident(), signal.SIGINT)


def test_an_interrupt_comes_after_the_block() -> None:
    done = []

    def interrupted() -> None:
        with held_back():
            interrupt()
            done.append(True)

    with pytest.raises(KeyboardInterrupt):
        interrupted()
    assert done == [True]
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler
    assert signal.SIGINT not in signal.pthread_sigmask(signal.SIG_BLOCK, ())


def test_an_interrupt_that_another_thread_takes_comes_after_the_block() -> None:
    done = []

    def take() -> None:
        signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGINT})
        interrupt()

    def interrupted() -> None:
        with held_back():
            thread = threading.Thread(target=take)
            thread.start()
            thread.join()
            done.append(True)

    with pytest.raises(KeyboardInterrupt):
        interrupted()
    assert done == [True]


def test_without_an_interrupt_nothing_happens() -> None:
    with held_back():
        pass
    done = []

    def elsewhere() -> None:
        with held_back():
            done.append(True)

    thread = threading.Thread(target=elsewhere)
    thread.start()
    thread.join()
    assert done == [True]


def test_a_process_started_in_the_block_never_sees_one() -> None:
    code = "import os, signal; os.kill(os.getpid(), signal.SIGINT); print('alive')"
    with held_back():
        child = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True)
    assert child.communicate(timeout=120)[0] == "alive\n"
