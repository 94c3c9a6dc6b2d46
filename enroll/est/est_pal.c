/* The package availability list over EST. See est_pal.h. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "http_accept.h"
#include "package/package_list.h"
#include "package/pal.h"
#include "timestamp.h"

#include "est_cacerts.h"
#include "est_crls.h"
#include "est_door.h"
#include "est_error.h"
#include "est_pal.h"
#include "est_pal_enroll.h"

#include "formats/pkcs7.h"

#define PAL_BYTES_MAX ((size_t)8 * 1024 * 1024)
#define URI_SIZE 600
#define TYPE_CA_CERTIFICATES 2
#define TYPE_ARL 4
#define TYPE_CRL 5
#define TYPE_KEY_ANSWER 23
#define NUMBER_LAST ((UINT64_C(1) << 48) - 1) /* behind all packages: pal.h */
#define SECOND INT64_C(1000000)               /* microseconds */

#define XML "application/xml"
#define JSON "application/json"

/* One list on its way. */
struct listing {
	struct worker_env *env;
	const struct call *call;
	const struct est_label *label;
	char base[300]; /* URI of the label */
	struct package_list packages;
	struct pal pal;
	uint64_t after;
	struct gh_error err;
};

/* --- what is asked for ------------------------------------------------------------------------ */

/* XML where the client does not mind. NULL: neither. */
static const char *
choose_type(const struct gh_http_request *http)
{
	const char *accept = gh_http_header(http, "accept");
	int xml, json;

	if (accept == NULL || accept[strspn(accept, " \t")] == '\0')
		return XML;
	xml = gh_accept_weight(accept, XML, "application/*");
	json = gh_accept_weight(accept, JSON, "application/*");
	if (xml == 0 && json == 0)
		return NULL;
	return json > xml ? JSON : XML;
}

/* As the client names us; it is he alone who reads it. */
static void
put_base(struct listing *l)
{
	const char *host = l->call->http->host, *label = call_text(l->call->parts, "label");
	bool has_host = host != NULL && host[0] != '\0' && strlen(host) <= 200 &&
	    strspn(host, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-:[]") ==
		strlen(host);

	snprintf(l->base, sizeof(l->base), "%s%s/.well-known/est%s%.80s",
	    has_host ? "https://" : "", has_host ? host : "", label[0] != '\0' ? "/" : "", label);
}

/* The state that the list is of: that of now, or that of the page before. */
static int
put_place(struct listing *l)
{
	const char *place = call_text(l->call->parts, "page");

	l->pal.since = l->packages.now;
	if (*place == '\0')
		return 0;
	if (!pal_place_read(place, &l->pal.since, &l->after))
		return gh_refuse(&l->err, GH_E_NOT_FOUND, "There is no such page of the list.");
	if (l->pal.since > l->packages.now)
		l->pal.since = l->packages.now;
	return 0;
}

/* --- what there is ---------------------------------------------------------------------------- */

static int
add_cacerts(struct listing *l)
{
	char uri[URI_SIZE];
	unsigned char *der;
	size_t len;
	int rc = est_cacerts_make(l->env, l->label, &der, &len, &l->err);

	if (rc != 0)
		return rc;
	free(der);
	snprintf(uri, sizeof(uri), "%s/cacerts", l->base);
	return pal_add(&l->pal,
	    &(struct pal_entry){.rank = pal_rank(PAL_CA, false, 1, false),
		.type = TYPE_CA_CERTIFICATES,
		.size = (int64_t)len,
		.text = uri},
	    &l->err);
}

/* Of a CRL that was made after the last download nothing was downloaded. */
static int
add_crl(struct listing *l, const struct ca *ca, const struct store_crl *crl)
{
	char uri[URI_SIZE], object[EST_CRL_OBJECT_SIZE];
	int64_t first, last;
	bool has;

	package_list_times(&l->packages, est_crls_object(ca, object), &first, &last);
	has = last >= crl->this_update * SECOND;
	snprintf(uri, sizeof(uri), "%s/crls/%lld", l->base, (long long)ca->id);
	return pal_add(&l->pal,
	    &(struct pal_entry){.rank = pal_rank(PAL_CA, has && last < l->pal.since,
				    1 + (uint64_t)ca->id, false),
		.type = ca->chain.n == 1 ? TYPE_ARL : TYPE_CRL,
		.date = has ? last / SECOND : 0,
		.size = (int64_t)ca_pkcs7_size((size_t)crl->size),
		.text = uri},
	    &l->err);
}

static int
add_crls(struct listing *l)
{
	struct est_crl_list crls;
	int rc = est_crls_find(l->env, l->label, &crls, &l->err);

	for (size_t i = 0; rc == 0 && i < crls.n; i++)
		rc = add_crl(l, crls.ca[i], &crls.crl[i].crl);
	est_crls_release(&crls);
	return rc;
}

/* The package, and behind it that its answer is wanted. */
static int
add_package(struct listing *l, const struct package *p)
{
	const struct package_kind_info *info = package_kind_info(p->kind);
	bool has = p->first != 0 && p->first < l->pal.since;
	bool is_answered = p->answered != 0 && p->answered < l->pal.since;
	uint64_t number = (uint64_t)p->id;
	char uri[URI_SIZE];
	int rc = 0;

	snprintf(uri, sizeof(uri), "%s/%s/%lld", l->base, info->operation, (long long)p->id);
	if (package_is_open(p))
		rc = pal_add(&l->pal,
		    &(struct pal_entry){.rank = pal_rank(PAL_PACKAGE, has, number, false),
			.type = info->pal,
			.date = p->last / SECOND,
			.size = p->size,
			.text = uri},
		    &l->err);
	if (rc != 0 || !p->wants_receipt || is_answered || !(package_is_open(p) || p->first != 0))
		return rc;
	snprintf(uri, sizeof(uri), "%s/%s/return", l->base, info->operation);
	return pal_add(&l->pal,
	    &(struct pal_entry){.rank = pal_rank(PAL_PACKAGE, has, number, true),
		.type = info->pal_answer,
		.text = uri},
	    &l->err);
}

/* Once for all keys that were made here: it leads to one place. */
static int
add_key_answer(struct listing *l)
{
	char uri[URI_SIZE];

	if (!l->packages.deliveries.wants_key_answer)
		return 0;
	snprintf(uri, sizeof(uri), "%s/serverkeygen/return", l->base);
	return pal_add(&l->pal,
	    &(struct pal_entry){.rank = pal_rank(PAL_PACKAGE, true, NUMBER_LAST, true),
		.type = TYPE_KEY_ANSWER,
		.text = uri},
	    &l->err);
}

static int
collect(struct listing *l)
{
	int rc;

	if ((rc = add_cacerts(l)) != 0 || (rc = add_crls(l)) != 0)
		return rc;
	rc = est_pal_enroll(l->env, l->call,
	    &(struct est_pal_place){l->label, l->base, &l->packages, &l->pal}, &l->err);
	for (size_t i = 0; rc == 0 && i < l->packages.n; i++)
		if (l->packages.package[i].is_his)
			rc = add_package(l, &l->packages.package[i]);
	return rc == 0 ? add_key_answer(l) : rc;
}

/* --- the answer ------------------------------------------------------------------------------- */

static void
put_page(struct listing *l, const char *type, struct gh_http_reply *rep)
{
	char next[URI_SIZE], place[PAL_PLACE_SIZE];
	struct pal_page page;
	struct gh_buf out;

	pal_page(&l->pal, l->after, (size_t)l->env->conf->est.pal_entries, &page);
	if (page.has_next)
		snprintf(next, sizeof(next), "%s/pal/%s", l->base,
		    pal_place(&l->pal, &page, place));
	gh_buf_init(&out, PAL_BYTES_MAX);
	if (strcmp(type, JSON) == 0)
		pal_put_json(&page, page.has_next ? next : NULL, &out);
	else
		pal_put_xml(&page, page.has_next ? next : NULL, &out);
	if (gh_buf_check(&out, &l->err) != 0) {
		gh_buf_free(&out);
		est_error(&l->err, rep);
		return;
	}
	gh_http_reply_header(rep, "Vary", "Accept");
	gh_http_reply_header(rep, "Cache-Control", "no-store");
	gh_http_reply_text(rep, 200, type, (char *)out.data);
}

void
est_pal(struct worker_env *env, const struct call *call, struct gh_http_reply *rep)
{
	const struct package_viewer viewer = {call->requester, call->entry};
	struct listing l = {.env = env, .call = call};
	const char *type = choose_type(call->http);
	int rc = est_door_label(env, call->parts, &l.label, &l.err);

	if (rc == 0 && type == NULL)
		rc = gh_refuse(&l.err, GH_E_NOT_ACCEPTABLE,
		    "The list is there as " XML " and as " JSON ".");
	put_base(&l);
	if (rc == 0 && (rc = package_list_load(env->store, &viewer, &l.packages, &l.err)) == 0 &&
	    (rc = put_place(&l)) == 0)
		rc = collect(&l);
	if (rc == 0)
		put_page(&l, type, rep);
	else
		est_error(&l.err, rep);
	pal_clear(&l.pal);
	package_list_clear(&l.packages);
}
