"""Statements without a psql of their own, which takes more time to start than PostgreSQL to answer: libpq, each time by a new connection,
so that nothing of one call is there in the next one."""

import ctypes

PQ = ctypes.CDLL("libpq.so.5")
CONNECTION, RESULT = ctypes.c_void_p, ctypes.c_void_p
for name, result, *arguments in (
        ("PQconnectdb", CONNECTION, ctypes.c_char_p), ("PQfinish", None, CONNECTION), ("PQstatus", ctypes.c_int, CONNECTION),
        ("PQerrorMessage", ctypes.c_char_p, CONNECTION), ("PQsendQuery", ctypes.c_int, CONNECTION, ctypes.c_char_p),
        ("PQgetResult", RESULT, CONNECTION), ("PQclear", None, RESULT), ("PQresultStatus", ctypes.c_int, RESULT),
        ("PQntuples", ctypes.c_int, RESULT), ("PQnfields", ctypes.c_int, RESULT),
        ("PQgetvalue", ctypes.c_void_p, RESULT, ctypes.c_int, ctypes.c_int),
        ("PQgetlength", ctypes.c_int, RESULT, ctypes.c_int, ctypes.c_int)):
    getattr(PQ, name).restype, getattr(PQ, name).argtypes = result, arguments
EMPTY_QUERY, COMMAND_OK, TUPLES_OK = 0, 1, 2


class Error(Exception):
    pass


def rows_of(result):
    return [[ctypes.string_at(PQ.PQgetvalue(result, row, field), PQ.PQgetlength(result, row, field)).decode()
             for field in range(PQ.PQnfields(result))] for row in range(PQ.PQntuples(result))]


def query(conninfo, statements):
    """The rows of all statements, which are one transaction, as text; NULL is empty."""
    connection = PQ.PQconnectdb(f"{conninfo} options='-c client_min_messages=error'".encode())
    try:
        if PQ.PQstatus(connection) != 0 or not PQ.PQsendQuery(connection, statements.encode()):
            raise Error(PQ.PQerrorMessage(connection).decode())
        rows, error = [], None
        while result := PQ.PQgetResult(connection):
            if PQ.PQresultStatus(result) == TUPLES_OK:
                rows += rows_of(result)
            elif PQ.PQresultStatus(result) not in (COMMAND_OK, EMPTY_QUERY):
                error = PQ.PQerrorMessage(connection).decode()
            PQ.PQclear(result)
        if error is not None:
            raise Error(error)
        return rows
    finally:
        PQ.PQfinish(connection)
