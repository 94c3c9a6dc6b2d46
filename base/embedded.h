/* A file that the Makefile has put into the program: see `embedded` there. Nothing of it is read
 * from disk while Gatehouse runs. */
#ifndef GH_EMBEDDED_H
#define GH_EMBEDDED_H

#include <stddef.h>

struct gh_embedded {
	const char *name; /* of the file, without its folder */
	const char *data; /* len bytes, and a NUL behind them */
	size_t len;
};

/* conf/languages/: NAME.json, the texts of a language (words.h). */
extern const struct gh_embedded embedded_languages[];
extern const size_t embedded_languages_count;

#endif
