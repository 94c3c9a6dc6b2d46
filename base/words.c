/* Languages. See words.h. */
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "embedded.h"
#include "http_accept.h"
#include "json.h"
#include "log.h"
#include "words.h"

#define LANGUAGES_MAX 32
#define TAG_SIZE 16
#define KEY_SIZE 128
#define FALLBACK "en"

struct words {
	char language[TAG_SIZE];
	gh_json *texts; /* NULL: unreadable, which a test rules out */
};

static struct words all[LANGUAGES_MAX];
static size_t n_all;
static pthread_once_t once = PTHREAD_ONCE_INIT;

static void
load(const struct gh_embedded *file, struct words *w)
{
	struct gh_error err;

	snprintf(w->language, sizeof(w->language), "%.*s", (int)strcspn(file->name, "."),
	    file->name);
	if (gh_json_parse(file->data, file->len, GH_JSON_STRICT, &w->texts, &err) != 0)
		gh_log_kv(GH_LOG_ERROR, "language not read", "file", file->name, "detail",
		    err.detail, NULL);
}

static void
load_all(void)
{
	for (; n_all < embedded_languages_count && n_all < LANGUAGES_MAX; n_all++)
		load(&embedded_languages[n_all], &all[n_all]);
}

const struct words *
words_at(size_t i)
{
	pthread_once(&once, load_all);
	return i < n_all ? &all[i] : NULL;
}

/* "de" for "de-AT", too: the lookup of RFC 4647, 3.4, cut to what we have. */
static const struct words *
find(const char *tag, size_t len)
{
	const struct words *w;

	for (size_t i = 0; (w = words_at(i)) != NULL; i++) {
		size_t n = strlen(w->language);

		if (len >= n && strncasecmp(tag, w->language, n) == 0 &&
		    (len == n || tag[n] == '-'))
			return w;
	}
	return NULL;
}

const struct words *
words_find(const char *language)
{
	return language != NULL ? find(language, strlen(language)) : NULL;
}

const struct words *
words_accept(const char *accept_language)
{
	const struct words *best = NULL;
	struct gh_accept a;
	int weight = 0;

	while (gh_accept_next(&accept_language, &a)) {
		const struct words *w = find(a.name, a.len);

		if (w != NULL && a.weight > weight) {
			best = w;
			weight = a.weight;
		}
	}
	if (best == NULL)
		best = words_find(FALLBACK);
	return best != NULL ? best : &all[0];
}

const char *
words_language(const struct words *w)
{
	return w->language;
}

const char *
words_get(const struct words *w, const char *key)
{
	const gh_json *at = w->texts;
	char name[KEY_SIZE];

	do {
		size_t n = strcspn(key, ".");

		if (n >= sizeof(name))
			return NULL;
		memcpy(name, key, n);
		name[n] = '\0';
		at = gh_json_get(at, name);
		key += n;
	} while (*key++ == '.');
	return gh_json_string(at);
}
