/* The process that asks endpoints: it takes one order, answers, and ends. */
#ifndef SCAN_SERVE_H
#define SCAN_SERVE_H

#include "error.h"

/* fd: the other end of a scan_wire. The process is confined first (scan_confine.h), and ends when
 * nobody listens any more, whatever it is waiting for. */
int scan_serve(int fd, struct gh_error *err) GH_MUSTCHECK;

#endif
