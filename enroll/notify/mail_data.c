/* Values for the templates of mails. See mail_data.h. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "buf.h"
#include "timestamp.h"
#include "utf8.h"

#include "mail_data.h"

#define VALUE_MAX 1000 /* bytes of a value */
#define LIST_MAX 20    /* values of a list that are shown */
#define KEY_SIZE 64

/* In this order. What is not here is shown to nobody. */
static const struct fact {
	const char *name;
	/* Also to who has no name, since somebody wrote his address into a request: nothing here
	 * is that one's own words, so that nobody writes to strangers by way of us. */
	bool is_for_strangers;
	bool is_word; /* of the language: mail_word.NAME_VALUE */
} facts[] = {
    {"request", true, false},
    {"more", false, true},
    {"subject", false, false},
    {"certificate_id", true, false},
    {"serial", true, false},
    {"template", true, false},
    {"purpose", false, true},
    {"requester", true, false},
    {"owner", false, false},
    {"application", false, false},
    {"ca", false, false},
    {"key", false, false},
    {"kind", false, true},
    {"client_id", false, false},
    {"submitted_at", true, false},
    {"not_after", true, false},
    {"next_update", true, false},
    {"days", true, false},
    {"reason", true, true},
    {"revoked_at", true, false},
    {"revoked_by", false, false},
    {"invalidity_date", true, false},
    {"message", false, false},
    {"comment", false, false},
    {"required", true, false},
    {"approved", true, false},
    {"agents", false, false},
    {"resolved_by", false, false},
    {"resolution", false, false},
    {"expires_at", true, false},
};
#define FACTS_N (sizeof(facts) / sizeof(facts[0]))

static const char *const names[] = {"event", "key", "object", "time", "language", "audience", "to",
    "link", "facts", "fact", "name", "value"};

bool
mail_data_has(const char *name)
{
	if (strncmp(name, "fact.", 5) == 0) {
		for (size_t i = 0; i < FACTS_N; i++)
			if (strcmp(facts[i].name, name + 5) == 0)
				return true;
		return false;
	}
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (strcmp(names[i], name) == 0)
			return true;
	return false;
}

/* --- values ----------------------------------------------------------------------------------- */

/* "2026-01-02T03:04:05Z" for people: "2026-01-02 03:04:05 UTC". Other texts as they are. */
static void
put_text(struct gh_buf *b, const char *s)
{
	size_t n = gh_utf8_cut(s, strlen(s), VALUE_MAX);
	int year, month, day, hour, minute, second, end = 0;

	if (sscanf(s, "%4d-%2d-%2dT%2d:%2d:%2dZ%n", &year, &month, &day, &hour, &minute, &second,
		&end) == 6 &&
	    end == 20 && s[end] == '\0')
		gh_buf_putf(b, "%.10s %.8s UTC", s, s + 11);
	else
		gh_buf_put(b, s, n);
	if (s[n] != '\0')
		gh_buf_puts(b, " ...");
}

static void
put_value(struct gh_buf *b, const gh_json *v)
{
	int64_t n;

	if (gh_json_type(v) == GH_JSON_STRING)
		put_text(b, gh_json_string(v));
	else if (gh_json_type(v) == GH_JSON_INT && gh_json_int(v, &n))
		gh_buf_putf(b, "%lld", (long long)n);
	for (size_t i = 0; i < gh_json_size(v) && gh_json_type(v) == GH_JSON_ARRAY; i++) {
		if (i == LIST_MAX) {
			gh_buf_puts(b, " ...");
			break;
		}
		gh_buf_puts(b, i > 0 ? ", " : "");
		if (gh_json_string(gh_json_at(v, i)) != NULL)
			put_text(b, gh_json_string(gh_json_at(v, i)));
	}
}

/* malloc'd; "": not to be shown; NULL: out of memory. */
static char *
value_text(const struct fact *f, const gh_json *v, const struct words *words)
{
	const char *word = NULL;
	struct gh_buf b;
	char *text = NULL, key[KEY_SIZE + VALUE_MAX];

	gh_buf_init(&b, (LIST_MAX + 1) * (VALUE_MAX + 8));
	put_value(&b, v);
	if (gh_buf_check(&b, NULL) == 0)
		text = strdup(b.data != NULL ? (const char *)b.data : "");
	gh_buf_free(&b);
	if (text == NULL || !f->is_word)
		return text;
	snprintf(key, sizeof(key), "mail_word.%s_%s", f->name, text);
	if ((word = words_get(words, key)) != NULL) {
		free(text);
		text = strdup(word);
	}
	return text;
}

static int
append_fact(gh_json *list, gh_json *map, const char *name, const char *value)
{
	gh_json *row = gh_json_new_object();

	if (gh_json_set_string(row, "name", name) == 0 &&
	    gh_json_set_string(row, "value", value) == 0 &&
	    gh_json_set_string(map, name, value) == 0)
		return gh_json_append(list, row);
	gh_json_free(row);
	return -1;
}

static int
add_facts(gh_json *o, const struct notification *n, const struct recipient *to,
    const struct words *words)
{
	bool is_stranger = *to->name == '\0';
	gh_json *list = gh_json_new_array(), *map = gh_json_new_object();
	int rc = list != NULL && map != NULL ? 0 : -1;

	for (size_t i = 0; i < FACTS_N && rc == 0; i++) {
		const gh_json *v = gh_json_get(n->facts, facts[i].name);
		char *text;

		if (v == NULL || (is_stranger && !facts[i].is_for_strangers))
			continue;
		text = value_text(&facts[i], v, words);
		if (text == NULL)
			rc = -1;
		else if (*text != '\0')
			rc = append_fact(list, map, facts[i].name, text);
		free(text);
	}
	rc |= gh_json_set(o, "facts", list);
	return rc | gh_json_set(o, "fact", map);
}

/* --- the rest --------------------------------------------------------------------------------- */

/* "cert.expiring" -> "cert_expiring"; "other" where the language has no words for it. Who gave an
 * address with his request is told of that request as his own. */
static void
make_key(const struct notification *n, const struct words *words, char out[KEY_SIZE])
{
	char key[KEY_SIZE + 32];

	snprintf(out, KEY_SIZE, "%.50s%s", n->event,
	    strcmp(n->event, "enroll.pending") == 0 && strcmp(n->audience, "address") == 0 ? "_own"
											   : "");
	for (char *c = out; *c != '\0'; c++)
		if (*c == '.' || *c == '-')
			*c = '_';
	snprintf(key, sizeof(key), "mail_event.%s.subject", out);
	if (words_get(words, key) == NULL)
		snprintf(out, KEY_SIZE, "other");
}

/* Requests have pages, and certificates by their request. */
static int
add_link(gh_json *o, const struct gh_conf *conf, const struct notification *n)
{
	const char *url = conf->notify.url;
	int64_t request;
	char *link;
	int rc;

	if (*url == '\0' ||
	    (strncmp(n->object, "request ", 8) != 0 &&
		strncmp(n->object, "certificate ", 12) != 0) ||
	    !gh_json_int(gh_json_get(n->facts, "request"), &request) || request <= 0)
		return 0;
	if (asprintf(&link, "%s%srequests/%lld", url, url[strlen(url) - 1] == '/' ? "" : "/",
		(long long)request) < 0)
		return -1;
	rc = gh_json_set_string(o, "link", link);
	free(link);
	return rc;
}

gh_json *
mail_data(const struct gh_conf *conf, const struct notification *n, const struct recipient *to,
    const struct words *words)
{
	gh_json *o = gh_json_new_object();
	char key[KEY_SIZE], stamp[GH_TIMESTAMP_SIZE], time[GH_TIMESTAMP_SIZE + 8];

	make_key(n, words, key);
	gh_timestamp_format(n->created, stamp);
	snprintf(time, sizeof(time), "%.10s %.8s UTC", stamp, strlen(stamp) > 11 ? stamp + 11 : "");
	if (o != NULL && gh_json_set_string(o, "event", n->event) == 0 &&
	    gh_json_set_string(o, "key", key) == 0 &&
	    gh_json_set_string(o, "object", n->object) == 0 &&
	    gh_json_set_string(o, "time", time) == 0 &&
	    gh_json_set_string(o, "language", words_language(words)) == 0 &&
	    gh_json_set_string(o, "audience", n->audience) == 0 &&
	    gh_json_set_string(o, "to", to->name) == 0 && add_link(o, conf, n) == 0 &&
	    add_facts(o, n, to, words) == 0)
		return o;
	gh_json_free(o);
	return NULL;
}
