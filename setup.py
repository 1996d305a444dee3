"""How the kernels' bindings are built; everything else stands in pyproject.toml.

All bindings need the same code of Cython's for memoryviews, two thirds of what it writes for each. So
they share it: ``compressor.kernels.views`` has it once, written by Cython, too.
"""

import os

from Cython.Build import cythonize
from setuptools import setup
from setuptools.command.build_ext import build_ext

SHARED = "compressor.kernels.views"
JOBS = min(4, os.cpu_count() or 1)


class BuildKernels(build_ext):
    """Has Cython write all bindings, then compiles them, several at a time.

    The writing goes by processes: threads, as ``build_ext`` has them, disturb each other in Cython.
    """

    def finalize_options(self) -> None:
        super().finalize_options()
        self.parallel = self.parallel or JOBS

    def build_extensions(self) -> None:
        written = cythonize(self.extensions, nthreads=JOBS, shared_utility_qualified_name=SHARED)
        sources = {extension.name: extension.sources for extension in written}
        for extension in self.extensions:
            extension.sources = sources[extension.name]
            extension.extra_compile_args.append("-g0")  # a fifth of the compiler's time
        super().build_extensions()


setup(cmdclass={"build_ext": BuildKernels})
