/* A KRA whose storage and transport keys lie in a PKCS#11 token. run_hsm.sh makes the token. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "signer/client/signer_client_kra.h"

#include "ca-backend/archive_cms.h"
#include "ca-backend/signer_process.h"

#define URI(object) "pkcs11:token=gatehouse;object=" object ";type=private"
#define BLOB(b) ((struct gh_der){(b).p, (b).len})

struct fixture {
	struct signer_process sp;
	struct signer_client *client;
	pid_t pid;
	unsigned char storage[KRA_KEY_ID_SIZE], transport[KRA_KEY_ID_SIZE];
	struct signer_blob storage_spki, transport_spki;
};

static void
start(struct fixture *f)
{
	char number[16], pin_file[256];
	char *argv[] = {(char *)"gatehouse-signer", (char *)"--role", (char *)"kra",
	    (char *)"--admin-fd", number, (char *)"--key-file", f->sp.key_file,
	    (char *)"--pkcs11-module", getenv("HSM_MODULE"), (char *)"--pkcs11-pin-file", pin_file,
	    NULL};
	struct gh_error err;
	int fd[2];

	snprintf(pin_file, sizeof(pin_file), "%s/pin", getenv("HSM_DIR"));
	MUST(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fd) == 0);
	snprintf(number, sizeof(number), "%d", fd[1]);
	f->pid = spawn_signer(&f->sp, argv, fd[1]);
	close(fd[1]);
	MUST(signer_client_from_fd(fd[0], SIGNER_TEST_TIMEOUT_MS, &f->client, &err) == 0);
}

/* A key of the token, loaded. */
static void
take_key(struct fixture *f, bool is_storage, const char *uri, unsigned char id[KRA_KEY_ID_SIZE],
    struct signer_blob *spki)
{
	struct kra_create_key q = {.is_storage = is_storage, .key_alg = "", .key_uri = uri};
	struct signer_blob sealed;
	struct gh_error err;

	if (kra_client_create_key(f->client, &q, spki, &sealed, &err) != 0)
		fail_msg("%s: %s", uri, err.detail);
	assert_int_equal(signer_client_load_ca(f->client, sealed.p, sealed.len, id, &err), 0);
	free(sealed.p);
}

static void
setup(struct fixture *f, const char *storage, const char *transport)
{
	signer_process_new(&f->sp);
	start(f);
	take_key(f, true, storage, f->storage, &f->storage_spki);
	take_key(f, false, transport, f->transport, &f->transport_spki);
}

static void
teardown(struct fixture *f)
{
	signer_client_free(f->client);
	assert_int_equal(wait_for(f->pid), 0);
	signer_process_free(&f->sp);
	free(f->storage_spki.p);
	free(f->transport_spki.p);
}

/* A key comes as PKIArchiveOptions and is stored; moving it to the same storage key opens it again.
 */
static void
archive_and_rewrap(const char *storage, const char *transport)
{
	struct fixture f = {.pid = 0};
	EVP_PKEY *key = EVP_EC_gen("P-256");
	PKCS8_PRIV_KEY_INFO *p8 = EVP_PKEY2PKCS8(key);
	unsigned char *secret = NULL, *spki = NULL;
	struct kra_archive q = {.facts = {.kind = KRA_ASYMMETRIC}};
	struct kra_rewrap move = {.to_id = {0}};
	struct signer_blob stored, moved;
	struct gh_der pkcs8;
	struct gh_buf options;
	struct gh_error err;

	setup(&f, storage, transport);
	pkcs8.len = (size_t)i2d_PKCS8_PRIV_KEY_INFO(p8, &secret);
	pkcs8.p = secret;
	q.facts.spki.len = (size_t)i2d_PUBKEY(key, &spki);
	q.facts.spki.p = spki;
	memcpy(q.storage_id, f.storage, sizeof(q.storage_id));
	memcpy(q.wrapping.transport_id, f.transport, sizeof(q.wrapping.transport_id));
	gh_buf_init(&options, KRA_OPTIONS_MAX);
	put_options(&BLOB(f.transport_spki), &pkcs8, EVP_aes_256_gcm(), &options);
	q.options = (struct gh_der){options.data, options.len};
	if (kra_client_archive(f.client, &q, &stored, &err) != 0)
		fail_msg("%s: %s", transport, err.detail);
	memcpy(move.to_id, f.storage, sizeof(move.to_id));
	move.stored = BLOB(stored);
	if (kra_client_rewrap(f.client, &move, &moved, &err) != 0)
		fail_msg("%s: %s", storage, err.detail);
	free(moved.p);
	/* altered, it is refused as with any other key: the token is not away */
	options.data[options.len / 3] ^= 1;
	assert_int_equal(kra_client_archive(f.client, &q, &moved, &err), GH_E_VALIDATION);
	free(stored.p);
	gh_buf_free(&options);
	OPENSSL_free(secret);
	OPENSSL_free(spki);
	PKCS8_PRIV_KEY_INFO_free(p8);
	EVP_PKEY_free(key);
	teardown(&f);
}

static void
kra_hsm__transport_key_is_rsa(void **state)
{
	(void)state;
	archive_and_rewrap(URI("agreed-with"), URI("wrapped-for"));
}

static void
kra_hsm__transport_key_is_ec(void **state)
{
	(void)state;
	archive_and_rewrap(URI("wrapped-for"), URI("agreed-with"));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(kra_hsm__transport_key_is_rsa),
	    cmocka_unit_test(kra_hsm__transport_key_is_ec),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
