#!/bin/sh
# run.sh [FILE…]: the SQL tests (pgTAP) against a private PostgreSQL that lives as long as this script.
# As root it starts the server as user postgres; only a Unix socket, no TCP. PGKEEP=DIR keeps a cluster there and uses it again.
set -eu
# Files are named from where we were called.
for file; do
	shift
	set -- "$@" "$(realpath "$file")"
done
here=$(cd "$(dirname "$0")" && pwd)
store=$here/../../daemon/store
bin=${PGBIN:-/usr/lib/postgresql/15/bin}
dir=${PGKEEP:-$(mktemp -d /var/tmp/answerd-sql.XXXXXX)}
as=
if [ "$(id -u)" = 0 ]; then
	as='setpriv --reuid=postgres --regid=postgres --init-groups'
	mkdir -p "$dir"
	chown postgres "$dir"
fi
finish() {
	if [ -z "${PGKEEP:-}" ]; then
		$as "$bin/pg_ctl" -D "$dir/data" -m immediate -w stop >/dev/null 2>&1 || true
		rm -rf "$dir"
	fi
}
trap finish EXIT
trap 'exit 130' INT TERM
cd "$dir"
if [ ! -d "$dir/data" ]; then
	$as "$bin/initdb" -D "$dir/data" -A trust -U postgres --no-sync -E UTF8 --locale=C.UTF-8 >/dev/null
fi
if ! $as "$bin/pg_ctl" -D "$dir/data" status >/dev/null 2>&1; then
	$as "$bin/pg_ctl" -D "$dir/data" -w -l "$dir/log" -o "-c listen_addresses='' -c unix_socket_directories='$dir' -c fsync=off" start >/dev/null
fi
PGHOST=$dir PGUSER=postgres PGDATABASE=postgres
export PGHOST PGUSER PGDATABASE
sql() { "$bin/psql" -X -q -v ON_ERROR_STOP=1 "$@"; }
sql -c 'drop database if exists answerd_sql' -c 'create database answerd_sql'
PGDATABASE=answerd_sql
for role in worker desk reader; do
	sql -c "do \$\$ begin create role answerd_$role; exception when duplicate_object then null; end \$\$"
done
{
	echo "begin; set search_path = pg_catalog; create schema answerd;"
	echo "create table answerd.schema_version (version int primary key, name text, applied_at timestamptz default now());"
	echo "create table answerd.rules_digest (digest text not null);"
	cat "$store"/migrations/*.sql
	echo "; set check_function_bodies = on;"
	cat "$store"/rules/*.sql
	echo "; commit;"
} >"$dir/house.sql"
PGOPTIONS='-c client_min_messages=warning' sql -f "$dir/house.sql"
sql -c 'create extension if not exists pgtap'
sql -c "alter database answerd_sql set answerd.test_clock = 'on'"
if [ $# = 0 ]; then
	set -- "$here"/*.sql
fi
ANSWERD_QUERIES=$store/queries # for tests of the programs' own statements
export ANSWERD_QUERIES
pg_prove -d answerd_sql "$@"
