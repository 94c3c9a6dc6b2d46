/* PKIResponse of a server. See pki_answer.h. */
#include <stdio.h>
#include <string.h>

#include <openssl/asn1.h>

#include "asn1_time.h"
#include "utf8.h"

#include "cmc_control.h"
#include "pki_answer.h"

static const struct {
	const char *name, *text;
} fails[] = {
    [CMC_BAD_ALG] = {"badAlg", "an algorithm, or kind or size of a key, is not taken"},
    [CMC_BAD_MESSAGE_CHECK] = {"badMessageCheck", "the signature of the message is not believed"},
    [CMC_BAD_REQUEST] = {"badRequest", "the request is malformed or not allowed"},
    [CMC_BAD_TIME] = {"badTime", "the time of the message is too far from the server's"},
    [CMC_BAD_CERT_ID] = {"badCertId", "there is no such certificate"},
    [CMC_UNSUPPORTED_EXT] = {"unsupportedExt", "an extension that is asked for is not given"},
    [CMC_MUST_ARCHIVE_KEYS] = {"mustArchiveKeys", "the private key must be archived"},
    [CMC_BAD_IDENTITY] = {"badIdentity", "it is not proven who asks, or he may not"},
    [CMC_POP_REQUIRED_FAIL] = {"popRequired", "the private key must be proven to be there"},
    [CMC_POP_FAILED] = {"popFailed", "the proof of the private key is wrong"},
    [CMC_NO_KEY_REUSE] = {"noKeyReuse", "a new key is needed"},
    [CMC_INTERNAL_CA_ERROR] = {"internalCAError", "the server failed"},
    [CMC_TRY_LATER] = {"tryLater", "the same message may succeed later"},
    [CMC_AUTH_DATA_FAIL] = {"authDataFail", "a control was not taken"},
};
#define FAILS (sizeof(fails) / sizeof(fails[0]))

static const char *const states[] = {
    [CMC_SUCCESS] = "success",
    [CMC_FAILED] = "failed",
    [CMC_PENDING] = "pending",
    [CMC_NO_SUPPORT] = "noSupport",
    [CMC_CONFIRM_REQUIRED] = "confirmRequired",
    [CMC_POP_REQUIRED] = "popRequired",
    [CMC_PARTIAL] = "partial",
};
#define STATES (sizeof(states) / sizeof(states[0]))

const char *
cmc_state_name(enum cmc_state state)
{
	return (size_t)state < STATES && states[state] != NULL ? states[state] : "unknown";
}

const char *
cmc_fail_name(enum cmc_fail fail)
{
	return (size_t)fail < FAILS ? fails[fail].name : "unknown";
}

const char *
cmc_fail_text(enum cmc_fail fail)
{
	return (size_t)fail < FAILS ? fails[fail].text : "the reason is none of RFC 5272";
}

/* ---- a status ---- */

/* BodyPartReference: a number, or a path of them, of which the last one is the part. */
static bool
take_body(struct gh_der *list, uint32_t *out)
{
	struct gh_der path;

	if (gh_der_take_u32(list, out))
		return true;
	if (!gh_der_take(list, GH_DER_SEQUENCE, &path) || path.len == 0)
		return false;
	while (path.len > 0)
		if (!gh_der_take_u32(&path, out))
			return false;
	return true;
}

static bool
take_bodies(struct gh_der *in, struct cmc_status *s)
{
	struct gh_der list;
	uint32_t body;

	if (!gh_der_take(in, GH_DER_SEQUENCE, &list))
		return false;
	while (list.len > 0) {
		if (!take_body(&list, &body))
			return false;
		if (s->bodies < CMC_STATUS_BODIES_MAX)
			s->body[s->bodies++] = body;
	}
	return true;
}

static void
take_text(struct gh_der *in, struct cmc_status *s)
{
	struct gh_der text;
	size_t n;

	if (!gh_der_take(in, GH_DER_UTF8, &text))
		return;
	n = text.len < sizeof(s->text) ? text.len : sizeof(s->text) - 1;
	memcpy(s->text, text.p, n);
	s->text[n] = '\0';
	gh_utf8_clean(s->text);
}

static bool
take_time(const struct gh_der *date, int64_t *out)
{
	ASN1_GENERALIZEDTIME *t = ASN1_GENERALIZEDTIME_new();
	bool ok = t != NULL && ASN1_STRING_set(t, date->p, (int)date->len) == 1 &&
	    gh_asn1_time_get(t, out);

	ASN1_GENERALIZEDTIME_free(t);
	return ok;
}

/* failInfo, pendInfo, or extendedFailInfo, which says nothing more that we know: an untagged
 * SEQUENCE of an OID, or tagged [1]. */
static bool
take_other(struct gh_der *in, struct cmc_status *s)
{
	struct gh_der pend, token, date;
	uint32_t fail = FAILS; /* of no name */

	s->fail = (enum cmc_fail)fail;
	if (in->len == 0 || gh_der_has_tag(in, GH_DER_CONTEXT(1)))
		return true;
	if (gh_der_take_u32(in, &fail)) {
		s->fail = (enum cmc_fail)(fail < FAILS ? fail : FAILS);
		return in->len == 0;
	}
	if (!gh_der_take(in, GH_DER_SEQUENCE, &pend))
		return false;
	if (gh_der_has_tag(&pend, GH_DER_OID))
		return true;
	if (!gh_der_take(&pend, GH_DER_OCTETS, &token) ||
	    !gh_der_take(&pend, GH_DER_GEN_TIME, &date) || token.len > sizeof(s->token) ||
	    !take_time(&date, &s->pend_time))
		return false;
	memcpy(s->token, token.p, token.len);
	s->token_len = token.len;
	return in->len == 0;
}

static bool
read_status(struct gh_der value, struct cmc_status *s)
{
	struct gh_der in;
	uint32_t state;

	*s = (struct cmc_status){.state = CMC_FAILED};
	if (!gh_der_take(&value, GH_DER_SEQUENCE, &in) || value.len != 0 ||
	    !gh_der_take_u32(&in, &state) || !take_bodies(&in, s))
		return false;
	s->state = (enum cmc_state)(state < STATES ? state : STATES);
	take_text(&in, s);
	return take_other(&in, s);
}

/* ---- the whole ---- */

static bool
take_control(struct gh_der *controls, enum cmc_kind *kind, struct gh_der *value)
{
	static const unsigned char arc[] = {GH_OID_PKIX, 7};
	struct gh_der one, type;

	*kind = CMC_UNKNOWN;
	if (!gh_der_take(controls, GH_DER_SEQUENCE, &one) ||
	    !gh_der_take(&one, GH_DER_INTEGER, NULL) || !gh_der_take(&one, GH_DER_OID, &type) ||
	    !gh_der_take(&one, GH_DER_SET, value) || one.len != 0)
		return false;
	if (type.len == sizeof(arc) + 1 && memcmp(type.p, arc, sizeof(arc)) == 0 &&
	    type.p[sizeof(arc)] < CMC_KINDS)
		*kind = (enum cmc_kind)type.p[sizeof(arc)];
	return true;
}

/* All statuses of this kind. */
static bool
read_statuses(struct gh_der controls, enum cmc_kind wanted, struct pki_answer *out)
{
	enum cmc_kind kind;
	struct gh_der value;

	while (controls.len > 0) {
		if (!take_control(&controls, &kind, &value))
			return false;
		if (kind == CMC_RECIPIENT_NONCE)
			(void)gh_der_take(&value, GH_DER_OCTETS, &out->recipient_nonce);
		if (kind != wanted)
			continue;
		if (out->statuses == PKI_ANSWER_STATUSES_MAX ||
		    !read_status(value, &out->status[out->statuses++]))
			return false;
	}
	return true;
}

int
pki_answer_read(const struct gh_der *der, struct pki_answer *out, struct gh_error *err)
{
	struct gh_der in = *der, all, controls;
	bool ok;

	memset(out, 0, sizeof(*out));
	ok = gh_der_take(&in, GH_DER_SEQUENCE, &all) && in.len == 0 &&
	    gh_der_take(&all, GH_DER_SEQUENCE, &controls) &&
	    gh_der_take(&all, GH_DER_SEQUENCE, NULL) && gh_der_take(&all, GH_DER_SEQUENCE, NULL) &&
	    read_statuses(controls, CMC_STATUS_INFO_V2, out) &&
	    (out->statuses > 0 || read_statuses(controls, CMC_STATUS_INFO, out));
	if (ok)
		return 0;
	memset(out, 0, sizeof(*out));
	return gh_refuse(err, GH_E_BAD_REQUEST, "the answer is no PKIResponse that can be read");
}
