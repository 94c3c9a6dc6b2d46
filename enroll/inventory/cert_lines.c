/* Lines of a file. See cert_lines.h. */
#include <stdlib.h>

#include "cert_csv.h"
#include "cert_lines.h"

void
cert_lines_head(struct gh_buf *b, enum cert_lines kind, const struct cert_members *m)
{
	if (kind == CERT_CSV)
		cert_csv_head(b, m);
}

static void
put_object(struct gh_buf *b, const gh_json *entry)
{
	char *line = gh_json_print(entry, false);

	b->failed |= line == NULL;
	gh_buf_puts(b, line != NULL ? line : "");
	gh_buf_putc(b, '\n');
	free(line);
}

int
cert_lines_put(struct gh_buf *b, enum cert_lines kind, const struct cert_members *m,
    gh_json **entries, struct gh_error *err)
{
	/* lines of CSV choose themselves */
	int rc = kind == CERT_CSV ? 0 : cert_members_choose(m, entries, err);

	for (size_t i = 0; rc == 0 && i < gh_json_size(*entries); i++) {
		if (kind == CERT_CSV)
			cert_csv_line(b, m, gh_json_at(*entries, i));
		else
			put_object(b, gh_json_at(*entries, i));
	}
	return rc == 0 ? gh_buf_check(b, err) : rc;
}
