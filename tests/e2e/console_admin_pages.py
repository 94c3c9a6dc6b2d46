"""Pages of the console for those who administer (docs/console.md): what e2e-test_console_admin looks at, and e2e-test_pages need not look at again."""

STAFF = {"admin", "olga", "otto"}
ADMIN = {"admin"}
AGENTS = {"anna", "bert"}
OFFICERS = {"admin", "olga"}
ANYBODY = STAFF | {"alice", "anna", "bert"}
# The path in docs/openapi.yaml; where the page is; who may see it; what the same person asks over REST.
PAGES = [
    ("/console/cas", "/console/cas", STAFF, "/pki/authorities"),
    ("/console/cas/{name}", "/console/cas/issuing", STAFF, "/pki/authorities/issuing"),
    ("/console/endpoints", "/console/endpoints", STAFF, "/pki/endpoints"),
    ("/console/endpoints/{id}", "/console/endpoints/1", STAFF, "/pki/endpoint/1"),
    ("/console/metadata-runs", "/console/metadata-runs", STAFF, "/pki/metadata-runs"),
    ("/console/metadata-runs/{id}", "/console/metadata-runs/1", STAFF, "/pki/metadata-runs/1"),
    ("/console/templates", "/console/templates", STAFF, "/pki/templates"),
    ("/console/templates/{profile}", "/console/templates/User", STAFF, "/pki/templates/User"),
    ("/console/applications", "/console/applications", ADMIN, "/pki/applications"),
    ("/console/keys", "/console/keys", ANYBODY, "/pki/keyrequests"),
    ("/console/archive", "/console/archive", ANYBODY, "/pki/keys"),
    ("/console/labels", "/console/labels", STAFF, "/pki/labels"),
    ("/console/packages", "/console/packages", STAFF, "/pki/packages"),
    ("/console/packages/{id}", "/console/packages/1", STAFF, "/pki/package/1"),
    ("/console/messages", "/console/messages", STAFF, "/pki/messages"),
    ("/console/users", "/console/users", ADMIN, "/pki/users"),
    ("/console/views", "/console/views", ADMIN, "/pki/view-rules"),
    ("/console/views/{name}", "/console/views/web", ADMIN, "/pki/view-rules/web"),
    ("/console/sessions", "/console/sessions", ADMIN, "/pki/sessions"),
    ("/console/jobs", "/console/jobs", STAFF, "/pki/jobs"),
]
# ... where the object is somebody's own, or made by a test: its tests look at who may see it.
OWN = {"/console/metadata-runs/new", "/console/keys/{id}", "/console/archive/{kid}", "/console/packages/{id}/remove"}
PATHS = {path for path, _, _, _ in PAGES} | OWN
