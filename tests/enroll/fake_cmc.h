/* Full CMC in a world of its own: a client, stand-ins of the store, and what came back. */
#ifndef TEST_FAKE_CMC_H
#define TEST_FAKE_CMC_H

#include "catalog/app.h"
#include "cmc/cmc.h"
#include "store/status/delegated_signer.h"
#include "store/status/revocation.h"

#include "cmc_message.h"

struct fake_cmc {
	struct worker_env env;
	struct requester alice; /* the caller, unless ctx says otherwise */
	struct cmc_context ctx;
	struct cmc_answer answer;
	struct cmc_message message;
	EVP_PKEY *key; /* of the request */
	EVP_PKEY *old; /* of a certificate of ours */
	X509 *own, *cert;
	struct gh_der response; /* PKIResponse */
	CMS_ContentInfo *response_cms;
	EVP_PKEY *opener;                 /* of encrypted responses; NULL: there are none */
	struct store_own_cert recognized; /* whatever signed, but for second */
	X509 *second;                     /* another certificate of ours, for old; NULL: none */
	struct requester second_requester;
	struct store_signer signer;
	int signers_made, fail_signer;
	/* the one secret; label NULL: at any; user NULL: a device */
	const char *identification, *secret, *label, *user;
	int64_t expires;
	bool is_one_time;
	int uses; /* of the secret that is good once */
	unsigned char used_by[32];
	/* the one certificate, and the CRL */
	const char *cert_der; /* base64 */
	struct store_cert_status status;
	char found_serial[64];
	bool awaits_confirmation; /* any certificate */
	int confirmed, fail_confirm;
	unsigned char *crl;
	size_t crl_len;
};
extern struct fake_cmc fake_cmc;

int fake_cmc_set_up(void **state);
/* The same, and the certificate that is asked about is one of alice. */
int fake_cmc_set_up_alices(void **state);
int fake_cmc_tear_down(void **state);
/* The certificate of the issuing CA; the caller's. */
X509 *fake_cmc_issuing(void);
/* Its subject, whole, *der: of the library; the size. */
size_t fake_cmc_issuer_name(unsigned char **der);
/* An empty message in place of the last one. */
void fake_cmc_again(void);
/* A PKCS#10 for the key of the request; its bodyPartID. */
unsigned fake_cmc_add_request(void);
void fake_cmc_send_bytes(const unsigned char *der, size_t len);
void fake_cmc_send(const struct message_signing *s);
/* By the key of the request (RFC 5272, 3.2). */
void fake_cmc_send_own(void);
/* By a certificate of ours. */
void fake_cmc_send_by_cert(void);
/* The message as fake_cmc_send sends it; of the library. */
size_t fake_cmc_sign(const struct message_signing *s, unsigned char **der);
/* Another certificate of ours for the key `old`, of this user, who is then recognized by it. */
void fake_cmc_add_second(const char *user);
/* The certificate that requests are encrypted for; the caller's. */
X509 *fake_cmc_recipient(void);
/* The first status of the response. Nothing was issued. */
void fake_cmc_assert_failed(enum cmc_fail fail, unsigned body, const char *text);
int fake_cmc_certs(void);

#define CMC_CASE(f) cmocka_unit_test_setup_teardown(f, fake_cmc_set_up, fake_cmc_tear_down)

#endif
