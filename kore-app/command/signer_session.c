/* Session and signer. See signer_session.h. */
#include "command.h"
#include "signer_session.h"

int
signer_session_run(const char *who, const char *conf,
    int (*work)(struct session *s, struct own_signer *signer, void *arg, struct gh_error *err),
    void *arg)
{
	struct gh_error err;
	struct session s;
	struct own_signer signer;
	int rc = session_open(&s, conf, SESSION_STORE | SESSION_SECRET, &err);

	if (rc != 0)
		return command_fail(who, &err);
	rc = own_signer_start(s.conf, &signer, &err);
	if (rc == 0) {
		rc = work(&s, &signer, arg, &err);
		own_signer_stop(&signer);
	}
	session_close(&s);
	return rc == 0 ? COMMAND_OK : command_fail(who, &err);
}
