from __future__ import annotations

import dataclasses
import operator
import os
import subprocess
import sys
import threading

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from asyncluster.core.wire import payloads
from asyncluster.core.wire.limits import INLINE

values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text() | st.binary(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4) | st.tuples(inner, inner),
    max_leaves=12,
)


@dataclasses.dataclass
class Point:
    x: float


class Awkward(Exception):
    """Pickles, but cannot be made again from its arguments."""

    def __init__(self, one: str, two: str) -> None:
        super().__init__(one + two)


class Stubborn(Exception):
    """Cannot be made again at all."""

    def __new__(cls, one: str, two: str) -> Stubborn:
        return super().__new__(cls, one + two)

    def __init__(self, one: str, two: str) -> None:
        super().__init__(one + two)


class Unpicklable(Exception):
    def __init__(self) -> None:
        super().__init__("with a lock")
        self.lock = threading.Lock()


def raised(error: BaseException) -> BaseException:
    try:
        raise error
    except BaseException as caught:
        return caught


@given(st.lists(values, max_size=3).map(tuple), st.dictionaries(st.text(), values, max_size=3))
def test_arguments_come_back_equal(args, kwargs):
    assert payloads.decode(*payloads.encode_call(args, kwargs)) == (args, kwargs)


@given(st.lists(st.lists(values, max_size=3).map(tuple), max_size=8))
def test_chunks_come_back_equal(calls):
    assert [payloads.decode_args(row) for row in payloads.decode(*payloads.encode_chunk(calls))] == calls


def test_large_buffers_stay_out_of_the_payload_and_are_not_copied():
    array = np.arange(INLINE, dtype=np.float64)
    packed = payloads.encode_call((array, 1))
    assert len(packed.payload) < 1000
    assert np.shares_memory(np.frombuffer(packed.buffers[0]), array)
    (args, _) = payloads.decode(*packed)
    assert np.array_equal(args[0], array)
    assert np.shares_memory(args[0], array)


@pytest.mark.parametrize("size", [INLINE // 4, INLINE, 3 * INLINE])
def test_large_bytes_stay_out_of_the_payload_and_come_back_as_bytes(size):
    data = os.urandom(size)
    result, call = payloads.encode_result(data), payloads.encode_call((data, 1, data), {"key": 2})
    assert bool(result.buffers) == (size >= INLINE)
    assert len(result.payload) < INLINE
    back = payloads.decode_result(*result)
    assert type(back) is bytes
    assert back == data
    assert payloads.decode(*call) == ((data, 1, data), {"key": 2})


def test_small_buffers_stay_in_the_payload():
    packed = payloads.encode_call((np.arange(10),))
    assert packed.buffers == []


def test_a_long_payload_is_the_first_buffer():
    text = "x" * (INLINE + 1)
    array = np.zeros(INLINE)
    packed = payloads.encode_call((text, array))
    assert packed.payload == b""
    assert len(packed.buffers) == 2
    (args, _) = payloads.decode(*packed)
    assert args[0] == text
    assert np.array_equal(args[1], array)


def test_buffers_are_not_doubled_when_cloudpickle_takes_over():
    array = np.zeros(INLINE)
    packed = payloads.encode_call((array, lambda: 1))
    assert len(packed.buffers) == 1
    assert payloads.decode(*packed)[0][1]() == 1


def test_what_cannot_be_pickled_is_named():
    with pytest.raises(
        payloads.CannotPickle, match=r"The result cannot be pickled: its part \['a'\]\[1\] is of type lock"
    ):
        payloads.encode_result({"a": [1, threading.Lock()]})


def test_what_nodes_cannot_import_travels_by_value():
    """A function of this test module, and a class of it in the arguments, work in a process that has neither."""
    function = payloads.encode_function(norm)
    call = payloads.encode_call((Point(3.0),))
    script = (
        "import sys; from asyncluster.core.wire import payloads as p;"
        f"f = p.decode(bytes.fromhex('{function.hex()}')); (args, _) = p.decode(bytes.fromhex('{call.payload.hex()}'));"
        "print(f(*args))"
    )
    output = subprocess.run([sys.executable, "-P", "-c", script], capture_output=True, text=True, check=True, cwd="/")
    assert output.stdout == "9.0\n"


def norm(point: Point) -> float:
    return square(point.x)


def square(x: float) -> float:
    return x * x


def test_what_is_installed_travels_by_name():
    assert len(payloads.encode_function(operator.add)) < 60


def test_a_class_that_goes_there_and_back_is_the_same_class():
    packed = payloads.encode_result(Point(1.0))
    assert type(payloads.decode_result(*packed)) is Point


def test_a_function_that_carries_too_much_is_refused():
    data = b"x" * (INLINE + 1)
    with pytest.raises(payloads.CannotPickle, match="by an update"):
        payloads.encode_function(lambda: data)


def test_exceptions_come_home_as_themselves_with_their_traceback():
    error = payloads.decode_error(payloads.encode_error(raised(KeyError("beta"))))
    assert type(error) is KeyError
    assert error.args == ("beta",)
    assert "raise error" in str(error.__cause__)


def test_an_exception_that_cannot_be_made_from_its_arguments_comes_home_as_itself():
    original = Awkward("a", "b")
    original.code = 7
    error = payloads.decode_error(payloads.encode_error(raised(original)))
    assert type(error) is Awkward
    assert (error.args, error.code) == (("ab",), 7)
    assert "raise error" in str(error.__cause__)


@pytest.mark.parametrize("original", [Unpicklable(), Stubborn("a", "b")], ids=lambda error: type(error).__name__)
def test_exceptions_that_cannot_travel_have_a_stand_in(original):
    error = payloads.decode_error(payloads.encode_error(raised(original)))
    assert isinstance(error, payloads.RemoteError)
    assert error.type_name.endswith(type(original).__name__)
    assert error.message == str(original)
    assert "raise error" in str(error.__cause__)


def test_an_exception_that_cannot_even_be_shown_has_a_stand_in():
    class Silent(Exception):
        def __str__(self) -> str:
            raise RuntimeError

        def __reduce__(self):
            raise RuntimeError

    error = payloads.decode_error(payloads.encode_error(raised(Silent())))
    assert isinstance(error, payloads.RemoteError)
    assert "cannot be shown" in error.message


@given(st.binary())
def test_garbage_is_an_exception_too(data):
    assert isinstance(payloads.decode_error(data), BaseException)


def test_endless_messages_are_shortened():
    assert len(payloads.encode_error(raised(ValueError("x" * 10_000_000)))) < 2 * INLINE


def test_an_unpicklable_result_of_a_chunk_spoils_only_itself():
    rows = [
        (payloads.PLAIN, 1),
        (payloads.PLAIN, threading.Lock()),
        (payloads.FAILED, payloads.encode_error(KeyError(3))),
    ]
    results = payloads.decode_chunk_results(*payloads.encode_chunk_results(rows))
    assert results[0] == (1, None)
    assert isinstance(results[1][1], payloads.CannotPickle)
    assert isinstance(results[2][1], KeyError)


def test_a_result_that_does_not_unpickle_spoils_only_itself():
    rows = [(payloads.PLAIN, 1), (payloads.PLAIN, Awkward("a", "b")), (payloads.PLAIN, np.ones(INLINE))]
    results = payloads.decode_chunk_results(*payloads.encode_chunk_results(rows))
    assert results[0] == (1, None)
    assert isinstance(results[1][1], TypeError)
    assert results[2][0].sum() == INLINE


def test_arguments_of_a_chunk_that_do_not_unpickle_spoil_only_themselves():
    rows = payloads.decode(*payloads.encode_chunk([(1,), (Awkward("a", "b"),), (np.ones(INLINE),)]))
    assert payloads.decode_args(rows[0]) == (1,)
    with pytest.raises(TypeError):
        payloads.decode_args(rows[1])
    assert payloads.decode_args(rows[2])[0].sum() == INLINE


def test_code_updates_and_names():
    assert payloads.decode(*payloads.encode_code("x = 1\n", "a.py")) == ("source", "x = 1\n", "a.py")
    kind, functions = payloads.decode(*payloads.encode_code([norm]))
    assert kind == "functions"
    assert functions[0](Point(2.0)) == 4.0
    assert payloads.decode(payloads.encode_function("loglike")) == "loglike"
    assert payloads.decode(*payloads.encode_update("new_data", (1,))) == ("new_data", (1,), {})
