# Installs the packages given as arguments (postgresql, redis-server) and leaves the machine as quiet
# as before: no server is started, none is enabled at boot, no default cluster of Postgres is made,
# and servers that already run are not touched. Needs root. Read by sh from its standard input.
set -eu
export DEBIAN_FRONTEND=noninteractive LC_ALL=C

# One installation at a time, also between two checkouts. The lock is in a folder that only root may write: in one for
# everybody, such as /run/lock or /tmp, anybody could hold it or put a link to another file in its place.
if command -v flock >/dev/null; then
    mkdir -p -m 755 /var/lib/broadside
    exec 9>/var/lib/broadside/install.lock
    flock 9
fi

# Packages ask this program whether they may start their server. An existing answer stays.
policy=/usr/sbin/policy-rc.d
clusters=/etc/postgresql-common/createcluster.conf
policy_is_ours=
clusters_saved=
restore() {
    if [ -n "$policy_is_ours" ]; then rm -f "$policy"; fi
    if [ -n "$clusters_saved" ]; then cat "$clusters_saved" >"$clusters"; rm -f "$clusters_saved"; fi
}
trap restore EXIT
trap 'exit 1' HUP INT TERM
if [ ! -e "$policy" ]; then
    policy_is_ours=1
    printf '#!/bin/sh\nexit 101\n' >"$policy"
    chmod 755 "$policy"
fi

install() {
    apt-get install -y -q --no-install-recommends -o DPkg::Lock::Timeout=300 "$@" </dev/null
}

apt-get update -q </dev/null
for package in "$@"; do
    if [ "$package" = postgresql ]; then
        # Its settings first, so that the server's package finds "no default cluster" in them.
        install postgresql-common
        clusters_saved=$(mktemp)
        cat "$clusters" >"$clusters_saved"
        printf '\ncreate_main_cluster = false\n' >>"$clusters"
    fi
    install "$package"
    if command -v systemctl >/dev/null && [ "$package" = redis-server ]; then
        systemctl disable --quiet redis-server || true
    fi
done
