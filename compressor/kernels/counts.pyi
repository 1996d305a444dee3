"""How often each byte follows each other one, and how much of a block comes again in it."""

from typing_extensions import Buffer

def pairs(plain: Buffer) -> memoryview[int]:
    """Return 65,536 counts: at ``256 * first + second``, how often these two are neighbours in ``plain``.

    Lets other threads run.
    """

def repeats(plain: Buffer) -> tuple[int, int]:
    """Return how many places of ``plain``, one of a thousand words, were looked at, and how many came again.

    What is moved by no multiple of 4 bytes is not seen. Lets other threads run.
    """
