/* Messages of a scan. See scan_wire.h. */
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "encoding.h"
#include "timestamp.h"
#include "utf8.h"

#include "scan_wire.h"

#define LOOK_US 200000 /* between looks at whether it is time to stop */
#define HEAD_SIZE 4    /* length, big-endian */
#define MORE_MAX 100000

/* ---- bytes ---- */

static int
wait_for(const struct scan_wire *w, short events, int64_t until, struct gh_error *err)
{
	struct pollfd p = {.fd = w->fd, .events = events};
	int n = 0;

	while (n == 0) {
		int64_t left = until - gh_now_us();

		if (w->is_stopping != NULL && w->is_stopping(w->arg))
			return gh_fail(err, GH_E_BUSY, "the scan was told to stop");
		if (left <= 0)
			return gh_fail(err, GH_E_REQUEST_TIMEOUT, "the other end stands still");
		n = poll(&p, 1, (int)((left < LOOK_US ? left : LOOK_US) / 1000) + 1);
		if (n < 0 && errno != EINTR)
			return gh_fail(err, GH_E_INTERNAL, "poll: %s", strerror(errno));
		n = n > 0 ? n : 0;
	}
	return 0;
}

/* out false: read. */
static int
move(const struct scan_wire *w, void *p, size_t n, bool out, int64_t until, struct gh_error *err)
{
	char *at = p;
	int rc;

	while (n > 0) {
		ssize_t done = out ? send(w->fd, at, n, MSG_NOSIGNAL | MSG_DONTWAIT)
				   : recv(w->fd, at, n, MSG_DONTWAIT);

		if (done > 0) {
			at += done;
			n -= (size_t)done;
		} else if (done < 0 && (errno == EAGAIN || errno == EINTR)) {
			if ((rc = wait_for(w, out ? POLLOUT : POLLIN, until, err)) != 0)
				return rc;
		} else {
			return gh_fail(err, GH_E_INTERNAL,
			    "the process that asks endpoints has ended");
		}
	}
	return 0;
}

int
scan_wire_write(const struct scan_wire *w, const gh_json *message, int64_t until,
    struct gh_error *err)
{
	char *text = gh_json_print(message, false);
	size_t n = text != NULL ? strlen(text) : 0;
	unsigned char head[HEAD_SIZE] = {(unsigned char)(n >> 24), (unsigned char)(n >> 16),
	    (unsigned char)(n >> 8), (unsigned char)n};
	int rc;

	if (text == NULL)
		return gh_fail(err, GH_E_NOMEM, "message of a scan");
	rc = n <= SCAN_ORDER_MAX ? move(w, head, sizeof(head), true, until, err)
				 : gh_fail(err, GH_E_INTERNAL, "message of a scan is too long");
	if (rc == 0)
		rc = move(w, text, n, true, until, err);
	free(text);
	return rc;
}

int
scan_wire_read(const struct scan_wire *w, size_t max, int64_t until, gh_json **out,
    struct gh_error *err)
{
	unsigned char head[HEAD_SIZE];
	char *text;
	size_t n;
	int rc = move(w, head, sizeof(head), false, until, err);

	*out = NULL;
	if (rc != 0)
		return rc;
	n = (size_t)head[0] << 24 | (size_t)head[1] << 16 | (size_t)head[2] << 8 | head[3];
	if (n > max)
		return gh_fail(err, GH_E_INTERNAL, "message of a scan is too long");
	if ((text = malloc(n + 1)) == NULL)
		return gh_fail(err, GH_E_NOMEM, "message of a scan");
	if ((rc = move(w, text, n, false, until, err)) == 0 &&
	    gh_json_parse(text, n, GH_JSON_STRICT, out, NULL) != 0)
		rc = gh_fail(err, GH_E_INTERNAL, "message of a scan is no JSON");
	free(text);
	return rc;
}

/* ---- messages ---- */

static int
append_der(gh_json *to, const void *der, size_t n)
{
	char *text = gh_base64_encode(der, n, GH_BASE64_ONE_LINE);
	int rc = text != NULL ? gh_json_append(to, gh_json_new_string(text)) : -1;

	free(text);
	return rc;
}

static gh_json *
finish(gh_json *o, int bad)
{
	if (bad == 0)
		return o;
	gh_json_free(o);
	return NULL;
}

gh_json *
scan_order(const char *text, const size_t *ask, size_t n, const struct scan_pace *pace,
    const struct ca_set *cas)
{
	gh_json *o = gh_json_new_object(), *roots = gh_json_new_array(),
		*numbers = gh_json_new_array();
	int bad = gh_json_set_int(o, "rate", pace->rate) |
	    gh_json_set_int(o, "parallel", pace->parallel) |
	    gh_json_set_int(o, "timeout", pace->timeout) | gh_json_set_string(o, "targets", text);

	for (size_t i = 0; i < n; i++)
		bad |= gh_json_append(numbers, gh_json_new_int((int64_t)ask[i]));
	for (size_t i = 0; i < cas->n; i++) {
		const struct cert_chain *chain = &cas->ca[i]->chain;

		if (chain->n > 0)
			bad |= append_der(roots, chain->cert[chain->n - 1].der,
			    chain->cert[chain->n - 1].len);
	}
	return finish(o, gh_json_set(o, "ask", numbers) | gh_json_set(o, "roots", roots) | bad);
}

bool
scan_order_pick(const gh_json *ask, struct scan_targets *targets, size_t **number)
{
	size_t n = gh_json_size(ask), least = 0;

	*number = NULL;
	if (n > targets->n || (*number = calloc(n + 1, sizeof(**number))) == NULL)
		return false;
	for (size_t i = 0; i < n; i++) {
		int64_t at;

		if (!gh_json_int(gh_json_at(ask, i), &at) || at < 0 || (uint64_t)at < least ||
		    (uint64_t)at >= targets->n)
			return false;
		(*number)[i] = (size_t)at;
		targets->v[i] = targets->v[at];
		least = (size_t)at + 1;
	}
	targets->n = n;
	return true;
}

gh_json *
scan_asks(size_t target)
{
	gh_json *o = gh_json_new_object();

	return finish(o, gh_json_set_int(o, "asks", (int64_t)target));
}

bool
scan_asks_read(const gh_json *message, size_t targets, size_t *target)
{
	int64_t at;

	if (!gh_json_int(gh_json_get(message, "asks"), &at) || at < 0 || (uint64_t)at >= targets)
		return false;
	*target = (size_t)at;
	return true;
}

gh_json *
scan_answer(size_t target, const struct scan_result *r)
{
	gh_json *o = gh_json_new_object(), *chain = gh_json_new_array();
	char verify[sizeof(r->verify)], error[sizeof(r->error)];
	int bad = gh_json_set_int(o, "target", (int64_t)target);

	for (size_t i = 0; i < r->chain.n; i++)
		bad |= append_der(chain, r->chain.cert[i].der, r->chain.cert[i].len);
	snprintf(verify, sizeof(verify), "%s", r->verify);
	snprintf(error, sizeof(error), "%s", r->error);
	bad |= gh_json_set(o, "chain", chain) | gh_json_set_int(o, "more", r->more) |
	    gh_json_set_string(o, "verify", gh_utf8_clean(verify)) |
	    gh_json_set_string(o, "error", gh_utf8_clean(error));
	return finish(o, bad);
}

static bool
take_text(const gh_json *o, const char *name, char *out, size_t size)
{
	const char *text = gh_json_string(gh_json_get(o, name));

	if (text == NULL)
		return false;
	snprintf(out, size, "%s", text);
	gh_utf8_clean(out);
	return true;
}

static bool
take_chain(const gh_json *chain, struct cert_chain *out)
{
	size_t n = gh_json_size(chain);
	bool ok = n <= CERT_CHAIN_MAX;

	for (size_t i = 0; ok && i < n; i++) {
		const char *text = gh_json_string(gh_json_at(chain, i));
		unsigned char *der = NULL;
		struct gh_error why;
		size_t len;

		ok = text != NULL && gh_base64_decode(text, strlen(text), &der, &len, &why) == 0 &&
		    len > 0 && cert_chain_add(out, der, len, &why) == 0;
		free(der);
	}
	return ok;
}

int
scan_answer_read(const gh_json *answer, size_t targets, size_t *target, struct scan_result *out,
    struct gh_error *err)
{
	int64_t at = -1, more = -1;

	memset(out, 0, sizeof(*out));
	if (!gh_json_int(gh_json_get(answer, "target"), &at) || at < 0 || (uint64_t)at >= targets ||
	    !take_text(answer, "verify", out->verify, sizeof(out->verify)) ||
	    !take_text(answer, "error", out->error, sizeof(out->error)) ||
	    !take_chain(gh_json_get(answer, "chain"), &out->chain) ||
	    !gh_json_int(gh_json_get(answer, "more"), &more) || more < 0 || more > MORE_MAX ||
	    (out->chain.n == 0) != (out->error[0] != '\0'))
		return gh_fail(err, GH_E_INTERNAL,
		    "the process that asks endpoints answers what it was not asked");
	*target = (size_t)at;
	out->more = (int)more;
	return 0;
}
