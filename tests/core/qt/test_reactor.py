"""Each test is one program: an installed reactor cannot be taken out of a process again."""

from __future__ import annotations

import textwrap

import pytest

START = """
import sys, time
from PyQt6.QtWidgets import QApplication, QDialog, QWidget
app = QApplication([])
from asyncluster.core.qt.reactor import install
reactor = install()
from twisted.internet import defer, protocol, endpoints, task, threads, utils

def go(function):
    def run():
        d = defer.ensureDeferred(function())
        d.addErrback(lambda failure: failure.printTraceback(sys.stdout))
        d.addBoth(lambda _: reactor.stop())
    reactor.callWhenRunning(run)
    reactor.run()
"""


@pytest.fixture
def reactor_program(program):
    def run(source: str, complaint: str = "") -> str:
        result = program(START + textwrap.dedent(source))
        assert result.returncode == 0, result.stdout + result.stderr
        assert complaint in result.stderr
        assert complaint or not result.stderr
        return result.stdout.strip()

    return run


def test_starts_and_stops_and_fires_shutdown_triggers(reactor_program):
    out = reactor_program("""
        reactor.addSystemEventTrigger("before", "shutdown", print, "shutdown")
        reactor.callWhenRunning(lambda: (print("running", reactor.running), reactor.stop()))
        reactor.run()
        print("stopped", reactor.running)
    """)
    assert out.split("\n") == ["running True", "shutdown", "stopped False"]


def test_leaves_no_trace_of_another_binding(reactor_program):
    out = reactor_program("""
        print([name for name in sys.modules if name.startswith(("PyQt5", "PySide"))])
        try:
            import PyQt5
        except ModuleNotFoundError:
            print("no PyQt5")
    """)
    assert out.split("\n") == ["[]", "no PyQt5"]


def test_timers_fire_in_order_and_in_time(reactor_program):
    out = reactor_program("""
        async def main():
            order = []
            reactor.callLater(0.06, order.append, "late")
            reactor.callLater(0, order.append, "at once")
            reactor.callLater(0.03, order.append, "early")
            cancelled = reactor.callLater(0.01, order.append, "never")
            cancelled.cancel()
            begun = time.monotonic()
            await task.deferLater(reactor, 0.1)
            waited = time.monotonic() - begun
            print(order, waited >= 0.099)
        go(main)
    """)
    assert out == "['at once', 'early', 'late'] True"


def test_sockets_carry_much_data_both_ways(reactor_program):
    out = reactor_program("""
        class Echo(protocol.Protocol):
            def dataReceived(self, data):
                self.transport.write(data)

        class Sender(protocol.Protocol):
            got, size = 0, 4_000_000
            def connectionMade(self):
                self.done = defer.Deferred()
                self.transport.write(b"x" * self.size)
            def dataReceived(self, data):
                self.got += len(data)
                if self.got == self.size:
                    self.transport.loseConnection()
            def connectionLost(self, reason):
                self.done.callback(self.got)

        async def main():
            listening = endpoints.TCP4ServerEndpoint(reactor, 0, interface="127.0.0.1")
            port = await listening.listen(protocol.Factory.forProtocol(Echo))
            ends = endpoints.TCP4ClientEndpoint(reactor, "127.0.0.1", port.getHost().port)
            sender = await endpoints.connectProtocol(ends, Sender())
            print(await sender.done)
            await port.stopListening()
        go(main)
    """)
    assert out == "4000000"


def test_processes_and_threads(reactor_program):
    out = reactor_program("""
        async def main():
            print(await utils.getProcessOutputAndValue("/bin/sh", ["-c", "echo out; echo err >&2; exit 3"]))
            print(await threads.deferToThread(lambda: sum(range(10))))
            print(threads.blockingCallFromThread.__name__, await threads.deferToThread(
                threads.blockingCallFromThread, reactor, lambda: "from the loop"))
        go(main)
    """)
    assert out.split("\n") == ["(b'out\\n', b'err\\n', 3)", "45", "blockingCallFromThread from the loop"]


def test_twisted_goes_on_while_a_modal_dialog_is_open(reactor_program):
    out = reactor_program("""
        async def main():
            dialog = QDialog()
            ticks = task.LoopingCall(lambda: counted.append(dialog.isVisible()))
            counted = []
            reactor.callLater(0.2, dialog.accept)
            ticks.start(0.02)
            code = dialog.exec()
            ticks.stop()
            print(code, sum(counted) >= 5)
        go(main)
    """)
    assert out == "1 True"


def test_stop_ends_the_program_although_a_dialog_is_open(reactor_program):
    out = reactor_program("""
        dialog = QDialog()
        reactor.callLater(0.1, reactor.stop)
        reactor.callWhenRunning(dialog.exec)
        reactor.run()
        print("ended")
    """)
    assert out == "ended"


def test_closing_the_last_window_stops_the_reactor(reactor_program):
    out = reactor_program("""
        window = QWidget()
        window.show()
        reactor.addSystemEventTrigger("before", "shutdown", print, "shutdown")
        reactor.callLater(0.05, window.close)
        reactor.run()
        print("ended", reactor.running)
    """)
    assert out.split("\n") == ["shutdown", "ended False"]


def test_sigterm_stops_the_reactor(reactor_program):
    out = reactor_program("""
        import os, signal
        reactor.addSystemEventTrigger("before", "shutdown", print, "shutdown")
        reactor.callLater(0.05, os.kill, os.getpid(), signal.SIGTERM)
        reactor.run()
        print("ended")
    """)
    assert out.split("\n") == ["shutdown", "ended"]


def test_an_error_in_a_callback_is_logged_and_the_loop_goes_on(reactor_program):
    source = """
        reactor.callLater(0.01, lambda: 1 / 0)
        reactor.callLater(0.05, reactor.stop)
        reactor.run()
        print("ended")
    """
    assert reactor_program(source, complaint="ZeroDivisionError") == "ended"


def test_idles_without_using_the_processor(reactor_program):
    out = reactor_program("""
        async def main():
            await task.deferLater(reactor, 0.3)
            before = time.process_time()
            await task.deferLater(reactor, 2)
            print((time.process_time() - before) / 2)
        go(main)
    """)
    assert float(out) < 0.001  # 0.1 % of a core


def test_without_tls_openssl_is_not_imported(program):
    result = program("""
        import sys
        from PyQt6.QtWidgets import QApplication
        app = QApplication([])
        from asyncluster.core.qt.reactor import install
        reactor = install(tls=False)
        reactor.callWhenRunning(reactor.stop)
        reactor.run()
        print([name for name in ("OpenSSL", "cryptography") if name in sys.modules])
        import OpenSSL
    """)
    assert result.returncode == 0, result.stderr
    assert result.stdout.strip() == "[]"


@pytest.mark.parametrize(
    ("before", "words"),
    [
        ("import types; sys.modules['PyQt5'] = types.ModuleType('PyQt5')", "PyQt5 is loaded"),
        ("import types; sys.modules['PySide6'] = types.ModuleType('PySide6')", "PySide6 is loaded"),
        ("import twisted.internet.reactor", "Another Twisted reactor"),
        ("del app", "There is no QApplication"),
    ],
)
def test_refuses_surroundings_in_which_it_cannot_work(program, before, words):
    result = program(f"""
        import sys
        from PyQt6.QtWidgets import QApplication
        app = QApplication([])
        from asyncluster.core.qt.reactor import QtReactorError, install
        {before}
        try:
            install()
        except QtReactorError as error:
            print(error)
    """)
    assert words in result.stdout, result.stderr
