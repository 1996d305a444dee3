# cython: language_level=3
"""Bytes as in cpython.bytes, but on pointers: the size of a result is known only after the work."""

from cpython.object cimport PyObject


cdef extern from "Python.h":
    PyObject *PyBytes_FromStringAndSize(const char *text, Py_ssize_t size) except NULL
    char *PyBytes_AS_STRING(PyObject *text) nogil
    char *PyByteArray_AS_STRING(object array)
    int _PyBytes_Resize(PyObject **text, Py_ssize_t size) except -1
    void Py_DECREF(PyObject *o)
    void Py_XDECREF(PyObject *o)
