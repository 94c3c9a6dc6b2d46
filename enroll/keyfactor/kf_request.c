/* KeyfactorAPI: lists of requests, and one of them. See kf_api.h. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "formats/names_text.h"
#include "formats/pkcs10.h"
#include "rest/rest_request.h"

#include "kf_api.h"
#include "kf_certificate.h"
#include "kf_clause.h"
#include "kf_page.h"

#define ROWS_MAX 1000 /* the vendor's Go client asks for so many */
#define QUERY_SIZE 4096

/* Numbers of states (docs/keyfactor-api.md). */
static const struct {
	const char *ours, *theirs;
	int number;
} states[] = {{"issued", "Active", 1}, {"denied", "Denied", 3}, {"failed", "Failed", 4},
    {"pending", "Pending", 5}};

/* ---- one ---- */

static int
set_state(gh_json *o, const char *status)
{
	for (size_t i = 0; i < sizeof(states) / sizeof(states[0]); i++)
		if (strcmp(states[i].ours, status) == 0)
			return gh_json_set_int(o, "State", states[i].number) |
			    gh_json_set_string(o, "StateString", states[i].theirs);
	return gh_json_set_int(o, "State", 0) | gh_json_set_string(o, "StateString", "Unknown");
}

/* The CSR of a row; NULL: it has none that can be read. */
static struct ca_pkcs10 *
csr_of(const gh_json *row)
{
	struct ca_pkcs10 *csr = NULL;
	struct gh_error err = {0};
	unsigned char *der = NULL;
	size_t len = 0;

	if (*kf_string(row, "pkcs10") == '\0' ||
	    ca_pkcs10_unarmour(kf_string(row, "pkcs10"), &der, &len, &err) != 0)
		return NULL;
	if (ca_pkcs10_parse(der, len, &csr, &err) != 0)
		csr = NULL;
	free(der);
	return csr;
}

/* What the request says, which is not what the template makes of it. */
static int
set_subject(gh_json *o, const struct ca_pkcs10 *csr)
{
	char *dn = csr != NULL ? ca_dn_text(X509_REQ_get_subject_name(csr->req)) : NULL;
	char cn[512];
	int bad = gh_json_set_string(o, "DistinguishedName", dn != NULL ? dn : "") |
	    gh_json_set_string(o, "CommonName",
		kf_name_part(dn != NULL ? dn : "", "CN", cn, sizeof(cn)));

	free(dn);
	return bad;
}

static int
set_details(gh_json *o, const gh_json *row, const struct ca_pkcs10 *csr)
{
	bool is_denied = strcmp(kf_string(row, "status"), "denied") == 0;
	char bits[16];

	snprintf(bits, sizeof(bits), "%d", csr != NULL ? csr->key_bits : 0);
	return gh_json_set_string(o, "DenialComment", is_denied ? kf_string(row, "message") : "") |
	    gh_json_set_string(o, "KeyLength", bits) | gh_json_set(o, "SANs", gh_json_new_array()) |
	    gh_json_set(o, "CertStores", gh_json_new_array());
}

/* row: with its CSR. with_details: what only the answer about one request has. */
static gh_json *
in_their_words(const struct worker_env *env, const gh_json *row, bool with_details)
{
	struct ca_pkcs10 *csr = csr_of(row);
	gh_json *o = gh_json_new_object();
	char text[24];
	int64_t id = 0;
	int bad;

	(void)gh_json_int(gh_json_get(row, "id"), &id);
	snprintf(text, sizeof(text), "%" PRId64, id);
	bad = gh_json_set_int(o, "Id", id) | gh_json_set_string(o, "CARequestId", text) |
	    set_subject(o, csr) |
	    gh_json_set_string(o, "SubmissionDate", kf_string(row, "submitted_at")) |
	    gh_json_set_string(o, "CertificateAuthority", kf_string(row, "ca")) |
	    gh_json_set_string(o, "Template", kf_string(row, "profile")) |
	    gh_json_set_string(o, "Requester", kf_string(row, "requester")) |
	    set_state(o, kf_string(row, "status")) |
	    gh_json_set(o, "Metadata", kf_metadata(env, gh_json_get(row, "metadata")));
	if (bad == 0 && with_details)
		bad = set_details(o, row, csr);
	ca_pkcs10_free(csr);
	if (bad == 0)
		return o;
	gh_json_free(o);
	return NULL;
}

/* Whole, with its CSR. NULL: rep tells why not. */
static gh_json *
whole(struct worker_env *env, const struct call *call, int64_t id, bool with_details,
    struct gh_http_reply *rep)
{
	const struct kf_question q = {.handler = rest_request, .method = GH_HTTP_GET, .id = id};
	gh_json *row, *o;

	if (!kf_ask(env, call, &q, &row, rep))
		return NULL;
	o = in_their_words(env, row, with_details);
	gh_json_free(row);
	if (o == NULL)
		kf_json(rep, NULL);
	return o;
}

void
kf_request_get(struct worker_env *env, const struct call *call, struct gh_http_reply *rep)
{
	gh_json *o = whole(env, call, call_number(call->parts, "id"), true, rep);

	if (o != NULL)
		kf_json(rep, o);
}

/* ---- lists ---- */

/* A clause of a query and the parameter of ours that it becomes. */
static const struct {
	const char *field, *op, *param;
} clauses[] = {{"Requester", "-eq", "requester"}, {"Template", "-eq", "profile"},
    {"SubmissionDate", "-ge", "submitted_from"}, {"SubmissionDate", "-gt", "submitted_from"},
    {"SubmissionDate", "-le", "submitted_to"}, {"SubmissionDate", "-lt", "submitted_to"}};

static bool
put_clause(const struct kf_clause *c, void *arg)
{
	struct gh_buf *b = arg;

	for (size_t i = 0; i < sizeof(clauses) / sizeof(clauses[0]); i++) {
		if (strcasecmp(clauses[i].field, c->field) != 0 ||
		    strcasecmp(clauses[i].op, c->op) != 0)
			continue;
		gh_buf_putf(b, "&%s=", clauses[i].param);
		kf_put_escaped(b, c->value);
		return true;
	}
	return false;
}

/* Each parameter of ours is there once: what is asked for twice is refused by its handler. */
static int
put_query(struct gh_buf *b, const char *query, struct gh_error *err)
{
	return kf_clauses(query, put_clause, b)
	    ? 0
	    : gh_refuse(err, GH_E_BAD_REQUEST,
		  "QueryString has here: Requester -eq, Template -eq, SubmissionDate -ge and "
		  "-le, joined by AND.");
}

static int
put_order(const struct call *call, struct gh_buf *b, struct gh_error *err)
{
	static const char *const sorts[] = {"Id", "CARequestId", "SubmissionDate"};
	bool descends = false, is_known;
	char *field;
	int rc = kf_param(call, "SortField", &field, err);

	if (rc != 0)
		return rc;
	is_known = field == NULL || *field == '\0';
	for (size_t i = 0; !is_known && i < sizeof(sorts) / sizeof(sorts[0]); i++)
		is_known = strcasecmp(field, sorts[i]) == 0;
	if (!is_known)
		rc = gh_refuse(err, GH_E_BAD_REQUEST, "Invalid sort field: %.60s.", field);
	free(field);
	if (rc == 0 && (rc = kf_descends(call, &descends, err)) == 0)
		gh_buf_puts(b, descends ? "&order=newest" : "&order=oldest");
	return rc;
}

static int
read_query(const struct call *call, const char *status, struct kf_paging *paging, struct gh_buf *b,
    struct gh_error *err)
{
	char *query = NULL;
	int rc;

	gh_buf_init(b, QUERY_SIZE);
	if ((rc = kf_paging_read(call, ROWS_MAX, paging, err)) != 0 ||
	    (rc = kf_param(call, "QueryString", &query, err)) != 0)
		return rc;
	gh_buf_putf(b, "limit=%" PRId64 "&status=%s", paging->rows, status);
	if ((rc = put_order(call, b, err)) == 0 && query != NULL)
		rc = put_query(b, query, err);
	gh_buf_putc(b, '\0');
	free(query);
	return rc == 0 ? gh_buf_check(b, err) : rc;
}

static gh_json *
tell_row(struct worker_env *env, const struct call *call, const gh_json *row, const void *arg,
    struct gh_http_reply *rep)
{
	int64_t id = 0;

	(void)arg;
	(void)gh_json_int(gh_json_get(row, "id"), &id);
	return whole(env, call, id, false, rep);
}

static void
list_of(struct worker_env *env, const struct call *call, const char *status,
    struct gh_http_reply *rep)
{
	struct kf_search search = {.handler = rest_request_list, .next = "after", .tell = tell_row};
	gh_json *list = gh_json_new_array();
	struct gh_error err = {0};
	struct gh_buf b;

	if (read_query(call, status, &search.paging, &b, &err) != 0) {
		kf_error(&err, rep);
	} else {
		search.query = (const char *)b.data;
		if (kf_search(env, call, &search, list, rep)) {
			kf_json(rep, list);
			list = NULL;
		}
	}
	gh_buf_free(&b);
	gh_json_free(list);
}

void
kf_pending(struct worker_env *env, const struct call *call, struct gh_http_reply *rep)
{
	list_of(env, call, "pending", rep);
}

void
kf_denied(struct worker_env *env, const struct call *call, struct gh_http_reply *rep)
{
	list_of(env, call, "denied", rep);
}

void
kf_external(struct worker_env *env, const struct call *call, struct gh_http_reply *rep)
{
	(void)env;
	(void)call;
	kf_json(rep, gh_json_new_array());
}
