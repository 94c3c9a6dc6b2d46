/*
 * A connection to a collector of syslog over TLS (RFC 5425). The collector's certificate is
 * verified, with its name. Syslog has no receipts. What stands in for one: we end the stream, and
 * the collector answers with the end of its own, both by close_notify inside of TLS (RFC 5425,
 * 4.4). A connection that ends in any other way has told nothing: whoever is on the way can end it.
 */
#ifndef SYSLOG_LINK_H
#define SYSLOG_LINK_H

#include <stddef.h>

#include "conf.h"
#include "error.h"

/* Connect, send all of it, and wait until it was read: syslog.timeout seconds for all that, from
 * connecting to the address that answers on. One address after the other. GH_E_BUSY: it was not, or
 * nobody knows; the message says why. */
int syslog_link_send(const struct gh_conf *conf, const void *data, size_t len,
    struct gh_error *err) GH_MUSTCHECK;

#endif
