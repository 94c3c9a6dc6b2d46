/*
 * What the process that asks endpoints may still do: parse what strangers send, ask name servers,
 * read the CAs of the system. It has no secret, and gets at none: files of the gateway are closed
 * to it (Landlock), as are sockets of the machine (signer, KRA, PostgreSQL), programs and other
 * processes (seccomp). CPU, memory and descriptors are bounded, and everybody else goes first.
 */
#ifndef SCAN_CONFINE_H
#define SCAN_CONFINE_H

#include "error.h"

/* For good, in this thread and those that it starts. A kernel without Landlock is said in the log.
 * GH_E_INTERNAL. */
int scan_confine(struct gh_error *err) GH_MUSTCHECK;

#endif
