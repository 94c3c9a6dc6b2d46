/* Requests, chains and outcomes: memory only. */
#include <stdlib.h>
#include <string.h>

#include "enroll_request.h"

static const struct {
	const char *name;
	enum db_disposition state;
} states[] = {
    {"pending", DB_DISP_PENDING},
    {"issued", DB_DISP_ISSUED},
    {"denied", DB_DISP_DENIED},
    {"canceled", DB_DISP_CANCELED},
    {"expired", DB_DISP_EXPIRED},
    {"failed", DB_DISP_ERROR},
    {"revoked", DB_DISP_REVOKED},
};

const char *
enroll_state_name(enum db_disposition state)
{
	for (size_t i = 0; i < sizeof(states) / sizeof(states[0]); i++)
		if (states[i].state == state)
			return states[i].name;
	return "unknown";
}

bool
enroll_state_find(const char *name, enum db_disposition *out)
{
	for (size_t i = 0; i < sizeof(states) / sizeof(states[0]); i++) {
		if (strcmp(states[i].name, name) != 0)
			continue;
		*out = states[i].state;
		return true;
	}
	return false;
}

void
enroll_request_clear(struct enroll_request *req)
{
	free(req->template_name);
	ca_pkcs10_free(req->csr);
	gh_json_free(req->metadata);
	free(req->ca_name);
	free(req->ca_rule);
	free(req->purpose);
	free(req->tenant);
	free(req->email);
	free(req->language);
	free(req->label);
	free(req->poll_key);
	free(req->operation);
	free(req->renews);
	memset(req, 0, sizeof(*req));
}

void
cert_chain_clear(struct cert_chain *chain)
{
	size_t i;

	for (i = 0; i < chain->n; i++)
		free(chain->cert[i].der);
	memset(chain, 0, sizeof(*chain));
}

int
cert_chain_add(struct cert_chain *chain, const void *der, size_t len, struct gh_error *err)
{
	unsigned char *copy;

	if (chain->n >= CERT_CHAIN_MAX)
		return gh_fail(err, GH_E_INTERNAL, "chain longer than %d certificates",
		    CERT_CHAIN_MAX);
	if ((copy = malloc(len > 0 ? len : 1)) == NULL)
		return gh_fail(err, GH_E_NOMEM, "certificate of %zu bytes", len);
	memcpy(copy, der, len);
	chain->cert[chain->n].der = copy;
	chain->cert[chain->n].len = len;
	chain->n++;
	return 0;
}

void
enroll_outcome_clear(struct enroll_outcome *out)
{
	free(out->issuer_dn);
	cert_chain_clear(&out->chain);
	memset(out, 0, sizeof(*out));
}
