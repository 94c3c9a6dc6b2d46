/* Which addresses of a name are asked, and how many. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include "scan/scan_link.h"

#define MANY 1000

/* ---- instead of name servers, and of the network ---- */

static struct addrinfo found[MANY];
static struct sockaddr_in address[MANY];
static int open_at, connects; /* the address that answers, -1: none; and how often one was asked */

int
getaddrinfo(const char *host, const char *port, const struct addrinfo *hints, struct addrinfo **out)
{
	(void)host;
	(void)port;
	(void)hints;
	*out = found;
	return 0;
}

void
freeaddrinfo(struct addrinfo *ai)
{
	assert_ptr_equal(ai, found);
}

int
connect(int fd, const struct sockaddr *to, socklen_t len)
{
	(void)fd;
	(void)len;
	assert_ptr_equal(to, &address[connects]);
	if (connects++ == open_at)
		return 0;
	errno = ECONNREFUSED;
	return -1;
}

static bool
open_name(int addresses, int answers)
{
	struct scan_link l;
	bool ok;

	for (int i = 0; i < addresses; i++) {
		address[i] = (struct sockaddr_in){.sin_family = AF_INET};
		found[i] = (struct addrinfo){.ai_family = AF_INET,
		    .ai_socktype = SOCK_STREAM,
		    .ai_addr = (struct sockaddr *)&address[i],
		    .ai_addrlen = sizeof(address[i]),
		    .ai_next = i + 1 < addresses ? &found[i + 1] : NULL};
	}
	open_at = answers;
	connects = 0;
	ok = scan_link_open(&l, "many.test", 443, 10);
	assert_true(ok || strcmp(l.why, "Connection refused") == 0);
	scan_link_close(&l);
	return ok;
}

static void
open__one_after_the_other(void **state)
{
	(void)state;
	assert_true(open_name(1, 0));
	assert_int_equal(connects, 1);
	assert_true(open_name(3, 1));
	assert_int_equal(connects, 2);
	assert_true(open_name(4, 3));
	assert_int_equal(connects, 4);
	assert_false(open_name(2, -1));
	assert_int_equal(connects, 2);
}

/* They are no connections that the operator's list has asked for. */
static void
open__name_with_a_thousand_addresses(void **state)
{
	(void)state;
	assert_false(open_name(MANY, -1));
	assert_int_equal(connects, 4);
	assert_false(open_name(MANY, 4));
	assert_int_equal(connects, 4);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(open__one_after_the_other),
	    cmocka_unit_test(open__name_with_a_thousand_addresses),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
