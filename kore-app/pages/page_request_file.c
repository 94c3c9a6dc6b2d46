/* GET /requests/{id}/certificate. See page_request.h. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "buf.h"
#include "enroll.h"
#include "formats/pkcs7.h"
#include "pem.h"
#include "rest/rest_list.h"

#include "page.h"
#include "page_request.h"

#define PEM_MAX (2 * 64 * 1024 * CERT_CHAIN_MAX) /* bytes */

enum { FORMAT, CHAIN, LANGUAGE };
enum format { PEM, DER, P7B };

static const struct {
	const char *name, *type, *suffix;
} formats[] = {
    [PEM] = {"pem", "application/x-pem-file", "pem"},
    [DER] = {"der", "application/pkix-cert", "cer"},
    [P7B] = {"p7b", "application/pkcs7-mime; smime-type=certs-only", "p7b"},
};

struct asked {
	enum format format;
	bool with_chain;
};

static int
read_query(const struct call *call, struct asked *out, struct gh_error *err)
{
	static const char *const names[] = {"pem", "der", "p7b", NULL},
				 *const answers[] = {"yes", "no", NULL};
	struct rest_param p[] = {{"format", NULL}, {"chain", NULL}, {"lang", NULL}};
	const size_t n = sizeof(p) / sizeof(p[0]);
	struct rest_fields f = {0};
	const char *format, *chain;
	int rc = rest_params_read(call, p, n, &f, err);

	format = rest_param_word(&f, &p[FORMAT], names);
	chain = rest_param_word(&f, &p[CHAIN], answers);
	for (size_t i = 0; format != NULL && names[i] != NULL; i++)
		if (strcmp(format, names[i]) == 0)
			out->format = (enum format)i;
	out->with_chain = chain != NULL && strcmp(chain, "yes") == 0;
	if (rc == 0)
		rc = rest_fields_check(&f, err);
	if (rc == 0 && out->with_chain && out->format == DER)
		rc = gh_refuse(err, GH_E_VALIDATION,
		    "A DER file has one certificate: ask for pem or p7b with the chain.");
	rest_fields_clear(&f);
	rest_params_clear(p, n);
	return rc;
}

/* The leaf alone, or all. */
static int
put_pem(const struct cert_chain *chain, size_t n, struct gh_http_reply *rep, struct gh_error *err)
{
	struct gh_buf b;
	int rc;

	gh_buf_init(&b, PEM_MAX);
	for (size_t i = 0; i < n; i++)
		gh_pem_put(&b, "CERTIFICATE", chain->cert[i].der, chain->cert[i].len);
	if ((rc = gh_buf_check(&b, err)) == 0) {
		rep->body = b.data;
		rep->body_len = b.len;
	} else {
		gh_buf_free(&b);
	}
	return rc;
}

static int
put_body(const struct asked *a, const struct cert_chain *chain, struct gh_http_reply *rep,
    struct gh_error *err)
{
	struct cert_chain one = *chain; /* borrowed */

	one.n = a->with_chain ? chain->n : 1;
	if (a->format == PEM)
		return put_pem(chain, one.n, rep, err);
	if (a->format == P7B)
		return ca_pkcs7_encode(&one, &rep->body, &rep->body_len, err);
	if ((rep->body = malloc(chain->cert[0].len)) == NULL)
		return gh_fail(err, GH_E_NOMEM, "certificate");
	memcpy(rep->body, chain->cert[0].der, chain->cert[0].len);
	rep->body_len = chain->cert[0].len;
	return 0;
}

void
page_request_file(struct worker_env *env, const struct call *call, struct gh_http_reply *rep)
{
	int64_t id = call_number(call->parts, "id");
	struct enroll_outcome out = {0};
	struct asked asked = {.format = PEM};
	struct gh_error err = {0};
	bool cert_only;
	char name[80];
	int rc = read_query(call, &asked, &err);

	if (rc == 0 &&
	    (rc = enroll_status(env, call->requester, id, &out, &cert_only, &err)) == 0 &&
	    out.chain.n == 0)
		rc = gh_refuse(&err, GH_E_NOT_FOUND, "There is no certificate for this request.");
	if (rc == 0)
		rc = put_body(&asked, &out.chain, rep, &err);
	enroll_outcome_clear(&out);
	if (rc != 0) {
		page_error(env->conf, &err, call->http, rep);
		return;
	}
	rep->status = 200;
	gh_http_reply_type(rep, formats[asked.format].type);
	snprintf(name, sizeof(name), "attachment; filename=\"certificate-%" PRId64 "%s.%s\"", id,
	    asked.with_chain ? "-chain" : "", formats[asked.format].suffix);
	gh_http_reply_header(rep, "Content-Disposition", name);
	gh_http_reply_header(rep, "Cache-Control", "no-store");
}
