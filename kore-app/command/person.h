/* Who stands behind a command: the person, not the account that sudo lent. */
#ifndef PERSON_H
#define PERSON_H

#include <stddef.h>
#include <sys/types.h>

/* What the system says of the process. */
struct person_facts {
	uid_t uid;                        /* real */
	const char *login_uid;            /* text of /proc/self/loginuid; NULL: none */
	const char *sudo_user, *sudo_uid; /* as sudo sets them; NULL: not set */
};

/*
 * "alice@host", or "alice@host as root" when alice runs the command with root's rights. The login
 * uid comes first: PAM sets it at the log-in, and su and sudo do not change it (pam_loginuid(8)).
 * Without one (containers, services), what sudo says of itself is believed of root only, who may
 * write what he likes anyway: for other users the environment is their own word.
 */
void person_name(const struct person_facts *f, const char *host, char *out, size_t size);
/* The same of this process. */
void person_of_process(char *out, size_t size);

#endif
