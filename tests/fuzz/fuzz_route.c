/* Paths: what the route table says of any path, in any method, with and without prefixes. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "routes/routes.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Every part is what handlers take it for. */
static void
check_match(const struct route_match *m)
{
	if (m->version < 0 || m->version > 3 || m->parts.n > CALL_PARTS_MAX)
		abort();
	for (size_t i = 0; i < m->parts.n; i++) {
		const struct call_part *p = &m->parts.part[i];
		size_t n = strnlen(p->text, sizeof(p->text));

		if (n == 0 || n == sizeof(p->text) || strpbrk(p->text, "/\\%\r\n") != NULL)
			abort();
		if (p->number < 0 || (strncmp(p->name, "id}", 3) == 0 && p->number == 0))
			abort();
	}
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static char prefixes[] = "/pki /a/b", others[] = "/k";
	struct gh_conf conf;
	struct route_match m;
	struct gh_error err;
	char *path;
	int rc;

	if (size == 0 || (path = malloc(size)) == NULL)
		return 0;
	memset(&conf, 0, sizeof(conf));
	conf.certenroll.prefixes = prefixes;
	conf.keyfactor.prefixes = others;
	memcpy(path, data + 1, size - 1);
	path[size - 1] = '\0';
	rc = route_find(&conf, (enum gh_http_method)(1 << data[0] % 6), path, &m, &err);
	if (rc == 0 && (m.route == NULL || (m.route->methods & (1u << data[0] % 6)) == 0))
		abort();
	check_match(&m);
	if (route_pattern_match("/est/{label}/{id}/{name}/{kid}/{rest}", path, &m))
		check_match(&m);
	if (rc != 0 && rc != GH_E_NOT_FOUND && !(rc == GH_E_METHOD && m.allowed != 0))
		abort();
	free(path);
	return 0;
}
