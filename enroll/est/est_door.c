/* The label of a call. See est_door.h. */
#include "est_door.h"

int
est_door_label(const struct worker_env *env, const struct call_parts *parts,
    const struct est_label **out, struct gh_error *err)
{
	const char *name = call_text(parts, "label");

	if (*name == '\0')
		name = env->conf->est.label;
	*out = *name != '\0' ? catalog_find_est_label(env->catalog, name) : NULL;
	if (*out != NULL)
		return 0;
	return *name != '\0' ? gh_refuse(err, GH_E_NOT_FOUND, "There is no label of this name.")
			     : gh_refuse(err, GH_E_NOT_FOUND,
				   "A label is needed here: /.well-known/est/LABEL/OPERATION.");
}
