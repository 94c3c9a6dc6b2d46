/* Rules for passwords of local administrators around base/bcrypt.h. */
#include <pthread.h>
#include <string.h>

#include <openssl/crypto.h>
#include <openssl/rand.h>

#include "digest.h"
#include "password_gate.h"

#include "auth_password.h"

#define REMEMBERED 64 /* passwords; the oldest makes room */
#define MAC_SIZE 32

int
auth_password_hash(const char *password, char *out, size_t size, struct gh_error *err)
{
	size_t n = strlen(password);

	if (size < AUTH_PASSWORD_HASH_SIZE)
		return gh_fail(err, GH_E_INTERNAL, "no room for a password hash");
	out[0] = '\0';
	if (n < AUTH_PASSWORD_MIN || n > AUTH_PASSWORD_MAX)
		return gh_refuse(err, GH_E_BAD_REQUEST, "A password must have %d to %d bytes.",
		    AUTH_PASSWORD_MIN, AUTH_PASSWORD_MAX);
	return gh_bcrypt_hash(password, out, err);
}

/* --- memory: MACs of hash and password under a key of this process ---------------------------- */

static struct {
	pthread_mutex_t lock; /* guards all below */
	bool has_key;
	unsigned char key[MAC_SIZE];
	size_t next;
	struct {
		unsigned char mac[MAC_SIZE];
		int64_t until_us;
	} item[REMEMBERED];
} memory = {.lock = PTHREAD_MUTEX_INITIALIZER};

/* With the lock held. false: cannot be remembered. */
static bool
make_mac(const char *hash, const char *password, unsigned char out[MAC_SIZE])
{
	unsigned char text[AUTH_PASSWORD_HASH_SIZE + AUTH_PASSWORD_MAX], md[GH_DIGEST_MAX];
	size_t h = strlen(hash) + 1, n = strlen(password);
	bool ok;

	if (h > AUTH_PASSWORD_HASH_SIZE || n > AUTH_PASSWORD_MAX)
		return false;
	if (!memory.has_key && RAND_bytes(memory.key, sizeof(memory.key)) != 1)
		return false;
	memory.has_key = true;
	memcpy(text, hash, h);
	memcpy(text + h, password, n);
	ok = gh_hmac(GH_SHA256, memory.key, sizeof(memory.key), text, h + n, md);
	memcpy(out, md, MAC_SIZE);
	OPENSSL_cleanse(text, sizeof(text));
	return ok;
}

static bool
is_remembered(const char *hash, const char *password, int64_t now_us)
{
	unsigned char mac[MAC_SIZE];
	bool found = false;

	pthread_mutex_lock(&memory.lock);
	if (make_mac(hash, password, mac))
		for (size_t i = 0; i < REMEMBERED; i++)
			found |= memory.item[i].until_us > now_us &&
			    CRYPTO_memcmp(memory.item[i].mac, mac, MAC_SIZE) == 0;
	pthread_mutex_unlock(&memory.lock);
	return found;
}

static void
remember(const char *hash, const char *password, int64_t now_us)
{
	unsigned char mac[MAC_SIZE];

	pthread_mutex_lock(&memory.lock);
	if (make_mac(hash, password, mac)) {
		memcpy(memory.item[memory.next].mac, mac, MAC_SIZE);
		memory.item[memory.next].until_us =
		    now_us + (int64_t)AUTH_PASSWORD_MEMORY * 1000000;
		memory.next = (memory.next + 1) % REMEMBERED;
	}
	pthread_mutex_unlock(&memory.lock);
}

static struct gh_password_gate gate = GH_PASSWORD_GATE_INIT;

int
auth_password_check(const char *password, const char *hash, int64_t now_us, bool *is_right,
    struct gh_error *err)
{
	*is_right = hash != NULL && is_remembered(hash, password, now_us);
	if (*is_right)
		return 0;
	if (!gh_password_gate_enter(&gate))
		return gh_fail(err, GH_E_BUSY,
		    "too many passwords of local administrators are being checked");
	/* the one that was waited for may have been the same log-in */
	*is_right = (hash != NULL && is_remembered(hash, password, now_us)) ||
	    gh_bcrypt_is_right(password, hash);
	gh_password_gate_leave(&gate);
	if (*is_right)
		remember(hash, password, now_us);
	return 0;
}
