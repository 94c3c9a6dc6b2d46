/* Looking at the server certificate, and renewing it. See server_cert.h. */
#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>

#include "asn1_time.h"
#include "durable_file.h"
#include "store/request/service_cert.h"
#include "timestamp.h"

#include "server_cert.h"

void
server_cert_state_clear(struct server_cert_state *s)
{
	server_cert_names_clear(&s->names);
	memset(s, 0, sizeof(*s));
}

static X509 *
read_certificate(const char *path, struct gh_error *err)
{
	FILE *f = fopen(path, "re");
	X509 *cert;

	if (f == NULL) {
		gh_refuse(err, GH_E_CONF, "gateway.certificate: %.160s: %s", path, strerror(errno));
		return NULL;
	}
	cert = PEM_read_X509(f, NULL, NULL, NULL);
	if (cert == NULL)
		gh_refuse(err, GH_E_CONF, "gateway.certificate: %.160s: no certificate in it",
		    path);
	fclose(f);
	ERR_clear_error();
	return cert;
}

/* As server_cert_names_add takes them; other kinds of names are not ours. */
static int
add_name(struct server_cert_names *names, const GENERAL_NAME *gn, struct gh_error *err)
{
	char text[INET6_ADDRSTRLEN];
	const unsigned char *p;
	int n;

	if (gn->type == GEN_DNS)
		return server_cert_names_add(names,
		    (const char *)ASN1_STRING_get0_data(gn->d.dNSName), err);
	if (gn->type != GEN_IPADD)
		return 0;
	p = ASN1_STRING_get0_data(gn->d.iPAddress);
	n = ASN1_STRING_length(gn->d.iPAddress);
	if ((n != 4 && n != 16) ||
	    inet_ntop(n == 4 ? AF_INET : AF_INET6, p, text, sizeof(text)) == NULL)
		return gh_refuse(err, GH_E_CONF, "gateway.certificate: an address of %d bytes", n);
	return server_cert_names_add(names, text, err);
}

static int
read_names(X509 *cert, struct server_cert_names *names, struct gh_error *err)
{
	GENERAL_NAMES *san = X509_get_ext_d2i(cert, NID_subject_alt_name, NULL, NULL);
	int rc = 0;

	for (int i = 0; rc == 0 && i < sk_GENERAL_NAME_num(san); i++)
		rc = add_name(names, sk_GENERAL_NAME_value(san, i), err);
	GENERAL_NAMES_free(san);
	return rc;
}

static int
read_times(X509 *cert, struct server_cert_state *out, struct gh_error *err)
{
	if (!gh_asn1_time_get(X509_get0_notBefore(cert), &out->not_before) ||
	    !gh_asn1_time_get(X509_get0_notAfter(cert), &out->not_after))
		return gh_refuse(err, GH_E_CONF,
		    "gateway.certificate: its validity cannot be read");
	return 0;
}

static int
find_row(struct store *store, X509 *cert, struct server_cert_state *out, struct gh_error *err)
{
	struct store_service_cert row;
	unsigned char *der = NULL;
	int n = i2d_X509(cert, &der), rc;

	if (n <= 0)
		return gh_fail(err, GH_E_NOMEM, "server certificate");
	rc = store_find_service_cert(store, der, (size_t)n, &row, err);
	OPENSSL_free(der);
	if (rc == GH_E_NOT_FOUND)
		return 0;
	if (rc != 0)
		return rc;
	out->is_ours = true;
	out->ca_id = row.ca_id;
	out->is_due =
	    row.is_revoked || gh_now() > out->not_after - (out->not_after - out->not_before) / 3;
	return 0;
}

int
server_cert_look(const struct gh_conf *conf, struct store *store, struct server_cert_state *out,
    struct gh_error *err)
{
	X509 *cert;
	int rc;

	memset(out, 0, sizeof(*out));
	if ((cert = read_certificate(conf->gateway.certificate, err)) == NULL)
		return GH_E_CONF;
	rc = read_times(cert, out, err);
	/* two files cannot be changed in one step: those are somebody else's */
	if (rc == 0 && strcmp(conf->gateway.certificate, conf->gateway.key) == 0)
		rc = find_row(store, cert, out, err);
	if (rc == 0 && out->is_ours)
		rc = read_names(cert, &out->names, err);
	X509_free(cert);
	if (rc != 0)
		server_cert_state_clear(out);
	return rc;
}

/* A CA that was renewed with a new key goes on under its name. */
static int
find_ca(const struct ca_set *cas, int64_t ca_id, const struct ca **out, struct gh_error *err)
{
	const struct ca *ca = ca_set_find_id(cas, ca_id);

	*out = ca != NULL ? ca_set_find(cas, ca->name) : NULL;
	return *out != NULL
	    ? 0
	    : gh_fail(err, GH_E_CA_UNAVAILABLE, "the CA of the server certificate is gone");
}

static int
renew(struct job_env *env, const struct server_cert_state *state, struct gh_error *err)
{
	struct server_cert_issue issue = {.conf = env->conf,
	    .store = env->store,
	    .signer = env->signer,
	    .who = &env->who};
	char *pem = NULL;
	int rc = find_ca(env->cas, state->ca_id, &issue.ca, err);

	if (rc == 0)
		rc = server_cert_issue(&issue, &state->names, &pem, err);
	if (rc == 0)
		rc = gh_file_write(env->conf->gateway.certificate, pem, strlen(pem), 0600, true,
		    err);
	server_cert_pem_free(pem);
	return rc;
}

int
server_cert_job_run(struct job_env *env, char *detail, size_t size, struct gh_error *err)
{
	struct server_cert_state state;
	char until[GH_TIMESTAMP_SIZE];
	int rc = server_cert_look(env->conf, env->store, &state, err);

	if (rc != 0)
		return rc;
	gh_timestamp_format(state.not_after, until);
	if (!state.is_ours)
		snprintf(detail, size, "not issued here; valid until %s", until);
	else if (!state.is_due)
		snprintf(detail, size, "valid until %s", until);
	else if ((rc = renew(env, &state, err)) == 0)
		snprintf(detail, size, "renewed");
	server_cert_state_clear(&state);
	return rc;
}

int
server_cert_job_plan(struct job_env *env, struct gh_error *err)
{
	struct server_cert_state state;
	int rc = server_cert_look(env->conf, env->store, &state, err);

	if (rc == 0 && state.is_ours && state.is_due)
		job_progress(env, "would renew %s", env->conf->gateway.certificate);
	if (rc == 0)
		server_cert_state_clear(&state);
	return rc;
}
