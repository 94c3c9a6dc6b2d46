/* The words before TLS: SMTP (RFC 3207), IMAP (RFC 9051, 6.2.1), LDAP (RFC 4511, 4.14), PostgreSQL
 * (SSLRequest). */
#ifndef SCAN_START_H
#define SCAN_START_H

#include "scan_link.h"
#include "scan_target.h"

/* TLS may begin. false: l->why. Whatever the endpoint sends behind its answer and before TLS is
 * refused: an attacker on the way may have put it there, and it is no certificate. */
bool scan_start(struct scan_link *l, enum scan_start how);

#endif
