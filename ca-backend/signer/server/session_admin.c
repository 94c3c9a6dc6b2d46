/* What only an inherited socket may ask: CAs made, imported, renewed; their limits changed. */
#include <stdlib.h>
#include <string.h>

#include <openssl/crypto.h>

#include "signer/ca/ca_admin.h"
#include "signer/ca/ca_create.h"
#include "signer/issue/cert_build.h"
#include "log.h"
#include "session_private.h"

int
session_create_ca(struct session *s, struct gh_reader *r, struct gh_error *err)
{
	struct signer_strings strings;
	struct signer_create_ca f;
	struct gh_buf cert, sealed;
	int rc;

	memset(&strings, 0, sizeof(strings));
	gh_buf_init(&cert, CERT_DER_MAX);
	gh_buf_init(&sealed, SEALED_RECORD_MAX);
	if (!signer_get_create_ca(r, &f, &strings)) {
		rc = session_fail_garbled(err);
	} else if ((rc = ca_create(&s->signer->key, &f, &cert, &sealed, err)) == 0) {
		signer_put_two_blocks(&s->out, cert.data, cert.len, sealed.data, sealed.len);
		gh_log_kv(GH_LOG_INFO, "CA created", "key_alg", f.key_alg, NULL);
	}
	OPENSSL_cleanse(&strings, sizeof(strings));
	gh_buf_free(&cert);
	gh_buf_free(&sealed);
	return rc;
}

int
session_import_ca(struct session *s, struct gh_reader *r, struct gh_error *err)
{
	struct signer_strings strings;
	struct signer_import_ca f;
	struct gh_buf sealed;
	int rc;

	gh_buf_init(&sealed, SEALED_RECORD_MAX);
	if (!signer_get_import_ca(r, &f, &strings)) {
		rc = session_fail_garbled(err);
	} else if ((rc = ca_import(&s->signer->key, &f, &sealed, err)) == 0) {
		signer_put_block(&s->out, sealed.data, sealed.len);
		gh_log_kv(GH_LOG_INFO, "CA imported", NULL);
	}
	gh_buf_free(&sealed);
	return rc;
}

int
session_create_csr(struct session *s, struct gh_reader *r, struct gh_error *err)
{
	struct signer_strings strings;
	struct signer_create_csr f;
	struct gh_buf csr, sealed;
	int rc;

	memset(&strings, 0, sizeof(strings));
	gh_buf_init(&csr, SEALED_RECORD_MAX);
	gh_buf_init(&sealed, SEALED_RECORD_MAX);
	if (!signer_get_create_csr(r, &f, &strings)) {
		rc = session_fail_garbled(err);
	} else if ((rc = ca_create_csr(&s->signer->key, &f, &csr, &sealed, err)) == 0) {
		signer_put_two_blocks(&s->out, csr.data, csr.len, sealed.data, sealed.len);
		gh_log_kv(GH_LOG_INFO, "request for a CA certificate made", NULL);
	}
	OPENSSL_cleanse(&strings, sizeof(strings));
	gh_buf_free(&csr);
	gh_buf_free(&sealed);
	return rc;
}

int
session_complete_ca(struct session *s, struct gh_reader *r, struct gh_error *err)
{
	struct gh_der pending, cert;
	struct gh_buf sealed;
	int rc;

	if (!signer_get_two_blocks(r, &pending.p, &pending.len, &cert.p, &cert.len))
		return session_fail_garbled(err);
	gh_buf_init(&sealed, SEALED_RECORD_MAX);
	if ((rc = ca_complete(&s->signer->key, &pending, &cert, &sealed, err)) == 0)
		signer_put_block(&s->out, sealed.data, sealed.len);
	gh_buf_free(&sealed);
	return rc;
}

static void
log_renewed(const struct renewed *r)
{
	session_log_signed(&r->cert);
	if (r->old_with_new.len > 0)
		session_log_signed(&r->old_with_new);
	if (r->new_with_old.len > 0)
		session_log_signed(&r->new_with_old);
}

static int
renew_ca(struct session *s, const struct signer_renew_ca *f, struct gh_error *err)
{
	struct renewed out;
	int rc;

	gh_buf_init(&out.cert, CERT_DER_MAX);
	gh_buf_init(&out.sealed, SEALED_RECORD_MAX);
	gh_buf_init(&out.old_with_new, CERT_DER_MAX);
	gh_buf_init(&out.new_with_old, CERT_DER_MAX);
	if ((rc = ca_renew(&s->signer->key, f, &out, err)) == 0) {
		signer_put_two_blocks(&s->out, out.cert.data, out.cert.len, out.sealed.data,
		    out.sealed.len);
		signer_put_two_blocks(&s->out, out.old_with_new.data, out.old_with_new.len,
		    out.new_with_old.data, out.new_with_old.len);
		log_renewed(&out);
	}
	gh_buf_free(&out.cert);
	gh_buf_free(&out.sealed);
	gh_buf_free(&out.old_with_new);
	gh_buf_free(&out.new_with_old);
	return rc;
}

int
session_renew_ca(struct session *s, struct gh_reader *r, struct gh_error *err)
{
	struct signer_strings strings;
	struct signer_renew_ca f;
	int rc;

	memset(&strings, 0, sizeof(strings));
	if (signer_get_renew_ca(r, &f, &strings))
		rc = renew_ca(s, &f, err);
	else
		rc = session_fail_garbled(err);
	OPENSSL_cleanse(&strings, sizeof(strings));
	return rc;
}

int
session_set_limits(struct session *s, struct gh_reader *r, struct gh_error *err)
{
	struct signer_limits limits;
	struct gh_der record;
	struct gh_buf sealed;
	int rc;

	if (!signer_get_set_limits(r, &record.p, &record.len, &limits))
		return session_fail_garbled(err);
	gh_buf_init(&sealed, SEALED_RECORD_MAX);
	if ((rc = ca_set_limits(&s->signer->key, &record, &limits, &sealed, err)) == 0)
		signer_put_block(&s->out, sealed.data, sealed.len);
	gh_buf_free(&sealed);
	return rc;
}
