/* What came of a request, as KeyfactorAPI tells it. See kf_outcome.h. */
#include "buf.h"
#include "catalog/catalog.h"
#include "pem.h"
#include "rest/rest_certificate.h"

#include "kf_certificate.h"
#include "kf_outcome.h"

#define PEM_MAX (256 * 1024)

static int
append_pem(gh_json *list, const unsigned char *der, size_t len)
{
	struct gh_buf b;
	int bad;

	gh_buf_init(&b, PEM_MAX);
	gh_pem_put(&b, "CERTIFICATE", der, len);
	gh_buf_putc(&b, '\0');
	bad = gh_buf_check(&b, NULL) != 0
	    ? -1
	    : gh_json_append(list, gh_json_new_string((const char *)b.data));
	gh_buf_free(&b);
	return bad;
}

/* Leaf, then its issuers. */
static gh_json *
certificates(const struct worker_env *env, const gh_json *row, bool with_chain)
{
	gh_json *list = gh_json_new_array();
	const struct ca *ca;
	int64_t ca_id = 0;
	int bad = gh_json_append(list, gh_json_new_string(kf_string(row, "pem")));

	(void)gh_json_int(gh_json_get(row, "ca_id"), &ca_id);
	ca = with_chain ? ca_set_find_id(&env->catalog->cas, ca_id) : NULL;
	for (size_t i = 0; ca != NULL && i < ca->chain.n; i++)
		bad |= append_pem(list, ca->chain.cert[i].der, ca->chain.cert[i].len);
	if (bad == 0)
		return list;
	gh_json_free(list);
	return NULL;
}

gh_json *
kf_information(const struct worker_env *env, const gh_json *request, const gh_json *row,
    const char *id_name, bool with_chain)
{
	static const char *const names[][2] = {{"SerialNumber", "serial"}, {"IssuerDN", "issuer"},
	    {"Thumbprint", "thumbprint"}};
	gh_json *o = gh_json_new_object();
	int64_t id = 0, certificate = 0;
	int bad = 0;

	(void)gh_json_int(gh_json_get(request, "id"), &id);
	(void)gh_json_int(gh_json_get(row, "id"), &certificate);
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		bad |= gh_json_set_string(o, names[i][0], kf_string(row, names[i][1]));
	bad |= gh_json_set_int(o, id_name, certificate) |
	    gh_json_set_int(o, "KeyfactorRequestId", id) |
	    gh_json_set(o, "Certificates",
		row != NULL ? certificates(env, row, with_chain) : gh_json_new_array()) |
	    gh_json_set_string(o, "RequestDisposition", row != NULL ? "ISSUED" : "PENDING") |
	    gh_json_set_string(o, "DispositionMessage", kf_string(request, "message")) |
	    gh_json_set(o, "EnrollmentContext", gh_json_new_string(NULL));
	if (bad == 0)
		return o;
	gh_json_free(o);
	return NULL;
}

static void
reply(const struct worker_env *env, const gh_json *request, const gh_json *row, bool with_chain,
    struct gh_http_reply *rep)
{
	gh_json *o = gh_json_new_object();
	int bad = gh_json_set(o, "CertificateInformation",
		      kf_information(env, request, row, "KeyfactorID", with_chain)) |
	    gh_json_set(o, "Metadata", kf_metadata(env, gh_json_get(row, "metadata")));

	if (bad != 0) {
		gh_json_free(o);
		o = NULL;
	}
	kf_json(rep, o);
}

bool
kf_outcome_row(struct worker_env *env, const struct call *call, const gh_json *request,
    gh_json **row, struct gh_http_reply *rep)
{
	struct kf_question q = {.handler = rest_certificate, .method = GH_HTTP_GET};

	*row = NULL;
	(void)gh_json_int(gh_json_get(gh_json_get(request, "certificate"), "id"), &q.id);
	return q.id == 0 || kf_ask(env, call, &q, row, rep);
}

void
kf_outcome_tell(struct worker_env *env, const struct call *call, const gh_json *request,
    bool with_chain, struct gh_http_reply *rep)
{
	gh_json *row;

	if (kf_outcome_row(env, call, request, &row, rep))
		reply(env, request, row, with_chain, rep);
	gh_json_free(row);
}
