"""How often each byte follows each other one."""

from typing_extensions import Buffer

def pairs(plain: Buffer) -> memoryview[int]:
    """Return 65,536 counts: at ``256 * first + second``, how often these two are neighbours in ``plain``.

    Lets other threads run.
    """
