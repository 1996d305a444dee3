"""A walk over a pickle that runs none of it: opcodes move values on a stack, calls make plain objects.

Only the binary opcodes that torch's files hold are known; any other ends the walk. A pickle is a
program for a small machine. This one has a stack, marks on it, and a memo; it imports nothing.
"""

import struct
from collections.abc import Callable
from typing import Any

from compressor.errors import DamagedError
from compressor.tensors.objects import INLINE, UNKNOWN, Global, Node, persistent, reduced

MAX_OPCODES = 1 << 21  # a tensor takes about 33 of them; a second or two of work
MAX_NODES = 1 << 18
MAX_MEMO = 1 << 20
MAX_TEXT = 1024  # bytes of a text that is kept; longer ones are no names

_STOP = ord(".")
_INTS = {"B": struct.Struct("<B"), "H": struct.Struct("<H"), "i": struct.Struct("<i")}
_LENGTHS = {1: struct.Struct("<B"), 4: struct.Struct("<I"), 8: struct.Struct("<Q")}


def walk(data: bytes) -> Any:
    """Return the value that a pickle leaves, made of the objects in `compressor.tensors.objects`.

    Texts, whole numbers, tuples and None are themselves.

    Raises:
        DamagedError: it is no pickle, uses an opcode that is not known here, or exceeds a limit.
    """
    machine = _Machine(data)
    for _ in range(MAX_OPCODES):
        opcode = machine.byte()
        if opcode == _STOP:
            return machine.pop()
        step = _STEPS.get(opcode)
        if step is None:
            raise DamagedError(f"the pickle has an opcode that is not known here ({opcode})")
        step(machine)
    raise DamagedError("the pickle has too many opcodes")


class _Machine:
    def __init__(self, data: bytes) -> None:
        self.data = data
        self.at = 0
        self.stack: list[Any] = []
        self.marks: list[int] = []
        self.memo: dict[int, Any] = {}
        self.nodes = 0

    def byte(self) -> int:
        if self.at >= len(self.data):
            raise DamagedError("the pickle ends too early")
        self.at += 1
        return self.data[self.at - 1]

    def take(self, length: int) -> bytes:
        end = self.at + length
        if end > len(self.data):
            raise DamagedError("the pickle ends too early")
        taken = self.data[self.at : end]
        self.at = end
        return taken

    def number(self, layout: struct.Struct) -> int:
        return layout.unpack(self.take(layout.size))[0]  # type: ignore[no-any-return]

    def line(self) -> str:
        end = self.data.find(b"\n", self.at, self.at + MAX_TEXT)
        if end < 0:
            raise DamagedError("a name in the pickle has no end")
        line = self.take(end + 1 - self.at)[:-1]
        return line.decode("utf-8", "replace")

    def push(self, value: Any) -> None:
        self.stack.append(value)

    def pop(self) -> Any:
        """Take the topmost value, which a mark does not protect."""
        if len(self.stack) <= (self.marks[-1] if self.marks else 0):
            raise DamagedError("the pickle takes more than there is")
        return self.stack.pop()

    def top(self) -> Any:
        value = self.pop()
        self.stack.append(value)
        return value

    def since_mark(self) -> list[Any]:
        if not self.marks:
            raise DamagedError("the pickle takes more than there is")
        start = self.marks.pop()
        values = self.stack[start:]
        del self.stack[start:]
        return values

    def node(self, items: list[tuple[Any, Any]]) -> None:
        self.nodes += 1
        if self.nodes > MAX_NODES:
            raise DamagedError("the pickle has too many objects")
        self.push(Node(items))

    def remember(self, number: int, value: Any) -> None:
        self.memo[number] = value
        if len(self.memo) > MAX_MEMO:
            raise DamagedError("the pickle remembers too much")

    def recall(self, number: int) -> None:
        if number not in self.memo:
            raise DamagedError("the pickle recalls what it never had")
        self.push(self.memo[number])


_Step = Callable[[_Machine], None]
_STEPS: dict[int, _Step] = {}


def _on(*opcodes: bytes) -> Callable[[_Step], _Step]:
    def note(step: _Step) -> _Step:
        for opcode in opcodes:
            _STEPS[opcode[0]] = step
        return step

    return note


def _constant(opcode: bytes, value: Any) -> None:
    _STEPS[opcode[0]] = lambda machine: machine.push(value)


def _argument(opcode: bytes, layout: struct.Struct, use: Callable[[_Machine, int], None]) -> None:
    _STEPS[opcode[0]] = lambda machine: use(machine, machine.number(layout))


def _blob(machine: _Machine, length: int) -> None:
    machine.take(length)
    machine.push(UNKNOWN)


def _text(machine: _Machine, length: int) -> None:
    text = machine.take(length)
    machine.push(text.decode("utf-8", "replace") if length <= MAX_TEXT else UNKNOWN)


def _long(machine: _Machine, length: int) -> None:
    machine.push(int.from_bytes(machine.take(length), "little", signed=True))


def _put(machine: _Machine, number: int) -> None:
    machine.remember(number, machine.top())


def _tuple_of(count: int) -> _Step:
    def step(machine: _Machine) -> None:
        machine.push(tuple([machine.pop() for _ in range(count)][::-1]))

    return step


_constant(b"N", None)
_constant(b"\x88", UNKNOWN)  # True
_constant(b"\x89", UNKNOWN)  # False
_constant(b")", ())
_argument(b"\x80", _INTS["B"], lambda machine, number: None)  # the protocol
_argument(b"\x95", _LENGTHS[8], lambda machine, number: None)  # a frame
_argument(b"J", _INTS["i"], _Machine.push)
_argument(b"K", _INTS["B"], _Machine.push)
_argument(b"M", _INTS["H"], _Machine.push)
_argument(b"\x8a", _LENGTHS[1], _long)
_argument(b"X", _LENGTHS[4], _text)
_argument(b"\x8c", _LENGTHS[1], _text)
_argument(b"\x8d", _LENGTHS[8], _text)
for _opcode, _size in (
    (b"\x8b", 4),
    (b"C", 1),
    (b"B", 4),
    (b"\x8e", 8),
    (b"\x96", 8),
    (b"U", 1),
    (b"T", 4),
):
    _argument(_opcode, _LENGTHS[_size], _blob)  # long numbers and bytes
_argument(b"q", _LENGTHS[1], _put)
_argument(b"r", _LENGTHS[4], _put)
_argument(b"h", _LENGTHS[1], _Machine.recall)
_argument(b"j", _LENGTHS[4], _Machine.recall)
_STEPS[0x85], _STEPS[0x86], _STEPS[0x87] = _tuple_of(1), _tuple_of(2), _tuple_of(3)


@_on(b"G")
def _float(machine: _Machine) -> None:
    _blob(machine, 8)


@_on(b"(")
def _mark(machine: _Machine) -> None:
    machine.marks.append(len(machine.stack))


@_on(b"0")
def _drop(machine: _Machine) -> None:
    machine.pop()


@_on(b"1")
def _drop_since_mark(machine: _Machine) -> None:
    machine.since_mark()


@_on(b"2")
def _double(machine: _Machine) -> None:
    machine.push(machine.top())


@_on(b"\x94")
def _memoize(machine: _Machine) -> None:
    machine.remember(len(machine.memo), machine.top())


@_on(b"t")
def _tuple(machine: _Machine) -> None:
    machine.push(tuple(machine.since_mark()))


@_on(b"]", b"}", b"\x8f")
def _empty(machine: _Machine) -> None:
    machine.node([])


@_on(b"l", b"\x91")
def _list(machine: _Machine) -> None:
    machine.node([(None, value) for value in machine.since_mark()])


@_on(b"d")
def _dict(machine: _Machine) -> None:
    machine.node(_pairs(machine.since_mark()))


@_on(b"a")
def _append(machine: _Machine) -> None:
    value = machine.pop()
    _add(machine.top(), [(None, value)])


@_on(b"e", b"\x90")
def _appends(machine: _Machine) -> None:
    values = machine.since_mark()
    _add(machine.top(), [(None, value) for value in values])


@_on(b"s")
def _set_item(machine: _Machine) -> None:
    value, key = machine.pop(), machine.pop()
    _add(machine.top(), [(key, value)])


@_on(b"u")
def _set_items(machine: _Machine) -> None:
    pairs = _pairs(machine.since_mark())
    _add(machine.top(), pairs)


@_on(b"c")
def _global(machine: _Machine) -> None:
    module = machine.line()
    machine.push(Global(f"{module}.{machine.line()}"))


@_on(b"\x93")
def _stack_global(machine: _Machine) -> None:
    name, module = machine.pop(), machine.pop()
    if not isinstance(name, str) or not isinstance(module, str):
        raise DamagedError("the pickle imports something without a name")
    machine.push(Global(f"{module}.{name}"))


@_on(b"R", b"\x81")
def _reduce(machine: _Machine) -> None:
    arguments, function = machine.pop(), machine.pop()
    _call(machine, function, arguments)


@_on(b"\x92")
def _new_object(machine: _Machine) -> None:
    machine.pop()
    _reduce(machine)


@_on(b"b")
def _build(machine: _Machine) -> None:
    state = machine.pop()
    parts = state if isinstance(state, tuple) and len(state) == 2 else (state,)  # dict, slots
    _add(machine.top(), [(INLINE, part) for part in parts])


@_on(b"Q")
def _persistent(machine: _Machine) -> None:
    machine.push(persistent(machine.pop()))


def _call(machine: _Machine, function: Any, arguments: Any) -> None:
    value = reduced(function, arguments)
    if isinstance(value, Node):
        machine.node(value.items)
    else:
        machine.push(value)


def _pairs(values: list[Any]) -> list[tuple[Any, Any]]:
    if len(values) % 2:
        raise DamagedError("the pickle has a key without a value")
    return list(zip(values[::2], values[1::2], strict=True))


def _add(target: Any, items: list[tuple[Any, Any]]) -> None:
    """Put items into a node; what else they may go into is of no interest."""
    if isinstance(target, Node):
        target.items.extend(items)
