/* A row of the audit trail as a message of syslog: RFC 5424, in the frame of RFC 5425.
 * docs/monitoring.md#syslog */
#ifndef SYSLOG_LINE_H
#define SYSLOG_LINE_H

#include "buf.h"
#include "formats/audit_tree.h"

#define SYSLOG_MESSAGE_MAX 8192 /* bytes: what receivers should take (RFC 5425, 4.3.1) */

struct syslog_origin {
	int facility;      /* 0 to 23 */
	const char *host;  /* who sends it */
	const char *sd_id; /* of the structured data: NAME@NUMBER */
};

/* Append the frame: "LENGTH MESSAGE". seal, position: where the row stands in the trail. Control
 * characters become "?"; a text of which more does not fit is cut, and ends with "...". */
void syslog_line_put(struct gh_buf *b, const struct syslog_origin *from, int64_t seal,
    int64_t position, const struct audit_row *row);

#endif
