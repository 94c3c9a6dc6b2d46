/*
 * Between who wants a scan and the process that asks the endpoints: a length and JSON, over a
 * socket pair. The one that asks parses what strangers send and is not trusted: what it says is
 * bounded, and is about targets of the list only.
 *
 *     -> {"rate":..,"parallel":..,"timeout":..,"targets":"the list","ask":[0,..],
 *         "roots":["DER in base64",..]}
 *     <- {"asks":0}   before each of those that it is to ask
 *     <- {"target":0,"chain":["DER in base64",..],"more":0,"verify":"ok","error":""}
 *         and behind it
 *     <- {"done":true}
 */
#ifndef SCAN_WIRE_H
#define SCAN_WIRE_H

#include "issuing/ca_set.h"
#include "json.h"

#include "scan_run.h"

#define SCAN_ORDER_MAX ((size_t)64 * 1024 * 1024) /* bytes of JSON */
#define SCAN_ANSWER_MAX ((size_t)512 * 1024)      /* of 256 KiB of certificates, in base64 */

struct scan_wire {
	int fd;
	bool (*is_stopping)(void *arg); /* looked at several times a second; NULL: never */
	void *arg;
};
/* One message. until: microseconds of gh_now_us. GH_E_BUSY: it is time to stop;
 * GH_E_REQUEST_TIMEOUT: too late; GH_E_INTERNAL: too long, or the other end is gone. */
int scan_wire_write(const struct scan_wire *w, const gh_json *message, int64_t until,
    struct gh_error *err) GH_MUSTCHECK;
int scan_wire_read(const struct scan_wire *w, size_t max, int64_t until, gh_json **out,
    struct gh_error *err) GH_MUSTCHECK;

/* text: the list, of which pace says how fast; ask: numbers of the n targets in it that are meant,
 * ascending. NULL: no memory. */
gh_json *scan_order(const char *text, const size_t *ask, size_t n, const struct scan_pace *pace,
    const struct ca_set *cas);
/* Those that an order means, of its list; number[i]: what v[i] was in it. false: it names others.
 */
bool scan_order_pick(const gh_json *ask, struct scan_targets *targets, size_t **number);
gh_json *scan_asks(size_t target);
/* false: it is no such message. */
bool scan_asks_read(const gh_json *message, size_t targets, size_t *target);
/* NULL: no memory. */
gh_json *scan_answer(size_t target, const struct scan_result *r);
/* Clear *out with scan_result_clear in any case. GH_E_INTERNAL: it is none. */
int scan_answer_read(const gh_json *answer, size_t targets, size_t *target, struct scan_result *out,
    struct gh_error *err) GH_MUSTCHECK;

#endif
