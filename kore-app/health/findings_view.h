/* Findings as a line, and as JSON: for `gatehouse status` and GET /pki/status. */
#ifndef HEALTH_FINDINGS_VIEW_H
#define HEALTH_FINDINGS_VIEW_H

#include "buf.h"

#include "findings.h"

/* "OK", "WARNING", "CRITICAL", by enum finding_state. */
extern const char *const finding_names[];

enum finding_state finding_state_of(const gh_json *finding);

/* Text in one line and without "|", which begins the numbers of a check of Nagios. */
void finding_put_plain(struct gh_buf *b, const char *text);

/* "GATEHOUSE CRITICAL - CODE: WHAT; CODE: WHAT", the worst first; out is made, and to be freed.
 * Returns the worst. */
enum finding_state findings_summary(const gh_json *list, struct gh_buf *out);

/* {"state","summary","findings","values":{NAME: number}}; list and values as struct findings has
 * them, or NULL for none. NULL: out of memory. */
gh_json *findings_view(const char *state, const char *summary, const gh_json *list,
    const gh_json *values);

#endif
