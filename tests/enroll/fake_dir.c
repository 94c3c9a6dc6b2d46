/* A directory of a few people. */
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "fake.h"

struct fake_dir fake_dir;

/* NULL when there is nobody of that name. */
struct dir_entry *
fake_entry(const char *name)
{
	static const char *const people[] = {"alice", "bob", "officer"};
	struct dir_entry *e;
	const char *cn;
	char dn[128];

	for (size_t i = 0; i < sizeof(people) / sizeof(*people); i++) {
		if (strcasecmp(people[i], name) != 0)
			continue;
		if ((e = dir_entry_new()) == NULL)
			return NULL;
		snprintf(dn, sizeof(dn), "cn=%s,dc=example,dc=test", people[i]);
		if (i == 0 && fake_dir.dn_of_alice[0] != '\0')
			strcpy(dn, fake_dir.dn_of_alice);
		e->dn = strdup(dn);
		e->is_disabled = i == 0 && fake_dir.alice_is_disabled;
		cn = i == 0 && fake_dir.cn_of_alice[0] != '\0' ? fake_dir.cn_of_alice : people[i];
		if (dir_entry_add(e, DIR_CN, cn, strlen(cn)) != 0)
			abort();
		return e;
	}
	return NULL;
}

int
dir_find(struct dir *d, const char *name, struct dir_entry **out, struct gh_error *err)
{
	(void)d;
	*out = NULL;
	fake_dir.lookups++;
	if (fake_dir.fail != 0)
		return gh_fail(err, fake_dir.fail, "the directory was told to fail");
	if ((*out = fake_entry(name)) == NULL)
		return gh_fail(err, GH_E_NOT_IN_DIRECTORY, "nobody is called %s", name);
	return 0;
}
