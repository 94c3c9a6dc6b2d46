/* See servers.h. */
#include <netdb.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include <libpq-fe.h>

#include "timestamp.h"

#include "store/servers.h"

#define MARKS 64
#define CONNECT_TIMEOUT_MAX 3600 /* seconds */

/* --- what is known ---------------------------------------------------------------------------- */

/* silent_us: when the server was last found silent; 0: it has answered since. Places are never
 * given back: servers are few, and what finds no place any more shares one, which only changes the
 * order. */
static struct mark {
	_Atomic uint64_t key; /* 0: free */
	_Atomic int64_t silent_us;
} marks[MARKS];
static _Atomic uint64_t last_good;

static struct mark *
mark_of(uint64_t key)
{
	for (size_t i = 0; i < MARKS; i++) {
		struct mark *m = &marks[(key + i) % MARKS];
		uint64_t found = 0;

		if (atomic_compare_exchange_strong(&m->key, &found, key) || found == key)
			return m;
	}
	return &marks[0];
}

void
store_server_answered(uint64_t key)
{
	atomic_store(&mark_of(key)->silent_us, 0);
	atomic_store(&last_good, key);
}

void
store_server_silent(uint64_t key)
{
	atomic_store(&mark_of(key)->silent_us, gh_now_us());
}

bool
store_server_is_silent_since(uint64_t key, int64_t us)
{
	return atomic_load(&mark_of(key)->silent_us) > us;
}

/* FNV-1a, 64 bits */
static uint64_t
hash(uint64_t h, const char *text)
{
	for (const char *p = text != NULL ? text : ""; *p != '\0'; p++)
		h = (h ^ (unsigned char)*p) * UINT64_C(0x100000001b3);
	return (h ^ 0xff) * UINT64_C(0x100000001b3);
}

static int
rank(const struct store_server *s)
{
	if (store_server_is_silent_since(s->key, 0))
		return 2;
	return atomic_load(&last_good) == s->key ? 0 : 1;
}

static void
put_in_order(struct store_servers *s)
{
	int of[STORE_SERVERS_MAX];
	struct store_server kept[STORE_SERVERS_MAX];
	size_t n = 0;

	memcpy(kept, s->v, sizeof(kept));
	for (size_t i = 0; i < s->n; i++)
		of[i] = rank(&kept[i]); /* once: other threads change it meanwhile */
	for (int r = 0; r <= 2; r++)
		for (size_t i = 0; i < s->n; i++)
			if (of[i] == r)
				s->v[n++] = kept[i];
}

/* --- reading the string ----------------------------------------------------------------------- */

static const char *
option(const PQconninfoOption *o, const char *keyword)
{
	for (; o->keyword != NULL; o++)
		if (strcmp(o->keyword, keyword) == 0)
			return o->val != NULL ? o->val : "";
	return "";
}

/* All settings with environment, service file and defaults, as libpq would use them: a value that
 * it refuses ends PQconnectStartParams before it looks for any server. */
static PQconninfoOption *
read_options(const char *conninfo)
{
	const char *const keywords[] = {"dbname", "sslmode", NULL};
	const char *const values[] = {conninfo, "not yet", NULL};
	PGconn *conn = PQconnectStartParams(keywords, values, 1);
	PQconninfoOption *o = conn != NULL ? PQconninfo(conn) : NULL;

	PQfinish(conn);
	return o;
}

static size_t
count(const char *list)
{
	size_t n = *list != '\0';

	for (; *list != '\0'; list++)
		n += *list == ',';
	return n;
}

/* Item i of a list with commas; a list of one serves all. malloc'd; NULL when it is empty or memory
 * is short. */
static char *
item(const char *list, size_t i)
{
	size_t len;

	if (count(list) == 1)
		i = 0;
	for (; i > 0 && (list = strchr(list, ',')) != NULL; i--)
		list++;
	len = list != NULL ? strcspn(list, ",") : 0;
	return len > 0 ? strndup(list, len) : NULL;
}

static bool
add(struct store_servers *s, const char *host, const char *address, const char *port)
{
	struct store_server *v = &s->v[s->n];

	if (s->n == STORE_SERVERS_MAX)
		return true;
	*v = (struct store_server){
	    .host = host != NULL ? strdup(host) : NULL,
	    .address = address != NULL ? strdup(address) : NULL,
	    .port = port != NULL ? strdup(port) : NULL,
	};
	v->key = hash(hash(hash(UINT64_C(0xcbf29ce484222325), host), address), port);
	s->n++;
	return (host == NULL || v->host != NULL) && (address == NULL || v->address != NULL) &&
	    (port == NULL || v->port != NULL);
}

/* One server for each address of the name; a name without any stays as it is, for libpq to complain
 * of. */
static bool
add_name(struct store_servers *s, const char *host, const char *port)
{
	const struct addrinfo hints = {.ai_socktype = SOCK_STREAM};
	struct addrinfo *all, *ai;
	char address[NI_MAXHOST];
	size_t before = s->n;
	bool ok = true;

	if (getaddrinfo(host, NULL, &hints, &all) != 0)
		return add(s, host, NULL, port);
	for (ai = all; ai != NULL && ok; ai = ai->ai_next)
		if (getnameinfo(ai->ai_addr, ai->ai_addrlen, address, sizeof(address), NULL, 0,
			NI_NUMERICHOST) == 0)
			ok = add(s, host, address, port);
	freeaddrinfo(all);
	return ok && s->n == before ? add(s, host, NULL, port) : ok;
}

static bool
add_item(struct store_servers *s, const PQconninfoOption *o, size_t i)
{
	char *host = item(option(o, "host"), i), *address = item(option(o, "hostaddr"), i),
	     *port = item(option(o, "port"), i);
	bool is_name = address == NULL && host != NULL && host[0] != '/' && host[0] != '@', ok;

	ok = is_name ? add_name(s, host, port) : add(s, host, address, port);
	free(host);
	free(address);
	free(port);
	return ok;
}

/* An empty item stands for a default that an override cannot name: then the whole string is left to
 * libpq, as are lists whose lengths do not fit. */
static bool
is_plain(const PQconninfoOption *o, size_t n)
{
	static const char *const lists[] = {"host", "hostaddr", "port"};

	for (size_t i = 0; i < sizeof(lists) / sizeof(lists[0]); i++) {
		const char *list = option(o, lists[i]);
		size_t items = count(list);

		if (items != n && !(items == 0 || (i == 2 && items == 1)))
			return false;
		if (items > 1 &&
		    (list[0] == ',' || list[strlen(list) - 1] == ',' || strstr(list, ",,") != NULL))
			return false;
	}
	return n > 0;
}

static void
read_session(struct store_servers *s, const PQconninfoOption *o)
{
	const char *wanted = option(o, "target_session_attrs");
	long seconds = strtol(option(o, "connect_timeout"), NULL, 10);

	/* of several servers only one can be written to, and we write */
	if (s->n > 1 && (*wanted == '\0' || strcmp(wanted, "any") == 0))
		snprintf(s->session, sizeof(s->session), "read-write");
	if (seconds > 0)
		s->connect_ms =
		    (int)(seconds < CONNECT_TIMEOUT_MAX ? seconds : CONNECT_TIMEOUT_MAX) * 1000;
}

int
store_servers_read(const char *conninfo, struct store_servers *out, struct gh_error *err)
{
	PQconninfoOption *o = read_options(conninfo);
	size_t n;
	bool ok = true;

	memset(out, 0, sizeof(*out));
	if (o == NULL)
		return gh_fail(err, GH_E_NOMEM, "connection string");
	n = count(option(o, *option(o, "hostaddr") != '\0' ? "hostaddr" : "host"));
	if (n > STORE_SERVERS_MAX) {
		PQconninfoFree(o);
		return gh_refuse(err, GH_E_CONF,
		    "The connection string names more than %d servers.", STORE_SERVERS_MAX);
	}
	if (is_plain(o, n)) {
		for (size_t i = 0; i < n && ok; i++)
			ok = add_item(out, o, i);
	} else {
		ok = add(out, NULL, NULL, NULL);
	}
	read_session(out, o);
	PQconninfoFree(o);
	if (!ok) {
		store_servers_clear(out);
		return gh_fail(err, GH_E_NOMEM, "servers of the database");
	}
	put_in_order(out);
	return 0;
}

void
store_servers_clear(struct store_servers *s)
{
	for (size_t i = 0; i < s->n; i++) {
		free(s->v[i].host);
		free(s->v[i].address);
		free(s->v[i].port);
	}
	memset(s, 0, sizeof(*s));
}
