/*
 * What a requester may name, where the template lets the request supply names (member "naming",
 * docs/naming.md): rules + list of owners + requester + name -> allowed, or why not. Pure.
 */
#ifndef NAMING_H
#define NAMING_H

#include "name_owners.h"
#include "tmpl.h"

enum name_verdict {
	NAME_ALLOWED,
	NAME_WAITS,  /* an officer may answer for it */
	NAME_DENIED, /* nobody may */
};

struct name_answer {
	enum name_verdict verdict;
	bool has_no_form; /* not allowed because of how it is written */
	char why[320];    /* the rule that allows it, or what is wrong; UTF-8 */
};

/* By the rules of t for the owner of e (NULL: no entry). A template without naming allows what
 * `san` and `subject` allow, which are not asked here. text: as the request has it. */
void naming_ask(const struct tmpl *t, const struct name_owners *owners, const struct dir_entry *e,
    enum name_kind kind, const char *text, struct name_answer *out);

#endif
