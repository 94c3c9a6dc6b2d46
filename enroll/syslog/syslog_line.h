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

/* Where the row stands in the trail. */
struct syslog_place {
	int64_t seal;
	int64_t rows;     /* of this seal; 0: not known */
	int64_t position; /* from 0 on */
};

/* Append the frame: "LENGTH MESSAGE". Control characters become "?"; a text of which more does not
 * fit is cut, and ends with "...". A time before 1970 is left out. */
void syslog_line_put(struct gh_buf *b, const struct syslog_origin *from,
    const struct syslog_place *at, const struct audit_row *row);

#endif
