/* Inside store/: the SQL files of migrations/, compiled in by the Makefile in the order of their
 * numbers. */
#ifndef STORE_MIGRATIONS_H
#define STORE_MIGRATIONS_H

struct migration {
	const char *name;
	const char *sql;
};

extern const struct migration migrations[];
extern const int migrations_count;

#endif
