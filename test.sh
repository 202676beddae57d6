#!/usr/bin/env bash
# Installs the programs that the tests need, builds everything, and runs all tests.
#
#   ./test.sh                 all tests
#   ./test.sh --fast          tests that need no other program, in less than a minute; for use during development
#   ./test.sh --install-only  only installs the programs
#   ./test.sh --filter-class '*TokenTests'    some tests; arguments are passed to the test runner (also after --fast)
set -euo pipefail
cd "$(dirname "$0")"

if ! command -v dotnet >/dev/null; then
  echo "Porthor needs the .NET 10 SDK: https://dotnet.microsoft.com/download/dotnet/10.0" >&2
  exit 1
fi

if [ "${1:-}" = --fast ]; then
  shift
  # With this variable, tests that need another program are skipped (tests/Porthor.Testing/Mode.cs).
  export PORTHOR_FAST=1
  failed=0
  run_fast() {
    local name=$1
    shift
    dotnet build "tests/$name" --nologo --verbosity quiet
    # 8: no test of this program matches the filter.
    dotnet test --no-build --project "tests/$name" "$@" || { status=$?; [ "$status" = 8 ] || failed=$status; }
  }
  run_fast Porthor.Tests "$@"
  # The tests of these folders take most of the time.
  run_fast Porthor.Server.Tests \
    --filter-not-namespace 'Porthor.Server.Tests.Login*' --filter-not-namespace 'Porthor.Server.Tests.Hostile*' \
    --filter-not-namespace 'Porthor.Server.Tests.Observation*' "$@"
  exit "$failed"
fi

# Prints the Debian packages of missing programs.
needed() {
  [ -n "$(ls /usr/lib/postgresql/*/bin/initdb 2>/dev/null)" ] || command -v initdb >/dev/null || echo postgresql
  command -v redis-server >/dev/null || command -v valkey-server >/dev/null || echo redis-server
  command -v pgbouncer >/dev/null || [ -x /usr/sbin/pgbouncer ] || echo pgbouncer
  command -v sqlite3 >/dev/null || echo sqlite3
  command -v slapd >/dev/null || [ -x /usr/sbin/slapd ] || echo slapd
  command -v ldapmodify >/dev/null || echo ldap-utils
  [ -x /usr/sbin/krb5kdc ] || echo krb5-kdc
  [ -x /usr/sbin/kadmin.local ] || echo krb5-admin-server
  command -v kinit >/dev/null || echo krb5-user
  [ -n "$(ls /usr/lib/*/sasl2/libgssapiv2.so 2>/dev/null)" ] || echo libsasl2-modules-gssapi-mit
  command -v curl >/dev/null || echo curl
  command -v nginx >/dev/null || [ -x /usr/sbin/nginx ] || echo nginx-light
  [ -e /usr/lib/nginx/modules/ngx_http_headers_more_filter_module.so ] || echo libnginx-mod-http-headers-more-filter
  [ -e /usr/lib/nginx/modules/ngx_http_lua_module.so ] || echo libnginx-mod-http-lua
  command -v caddy >/dev/null || echo caddy
  command -v npm >/dev/null || echo npm
  command -v chromium >/dev/null || echo chromium
  command -v apache2 >/dev/null || [ -x /usr/sbin/apache2 ] || echo apache2
  [ -e /usr/lib/apache2/modules/mod_auth_openidc.so ] || echo libapache2-mod-auth-openidc
  command -v haproxy >/dev/null || [ -x /usr/sbin/haproxy ] || echo haproxy
  command -v shellcheck >/dev/null || echo shellcheck
}

mapfile -t missing < <(needed)
if [ "${#missing[@]}" -gt 0 ]; then
  if command -v apt-get >/dev/null && [ "$(id -u)" = 0 ]; then
    echo "Installing ${missing[*]}"
    export DEBIAN_FRONTEND=noninteractive
    apt-get update -qq
    apt-get install -y -qq --no-install-recommends "${missing[@]}" >/dev/null
  else
    echo "Not installed: ${missing[*]}" >&2
    echo "Install them; otherwise the tests that need them are skipped. On Debian, this script installs them when run as root." >&2
  fi
fi

[ "${1:-}" != --install-only ] || exit 0

# The external login provider and the OpenID Connect clients of the browser tests.
if command -v npm >/dev/null; then
  for folder in provider clients; do
    (cd "tests/Porthor.Browser.Tests/$folder" && npm ci --silent --no-audit --no-fund)
  done
fi

dotnet build --nologo --verbosity quiet
# The tests start the program many times; the published program starts faster. The build has already run the analyzers.
dotnet publish src/Porthor.Server --configuration Debug -p:RunAnalyzers=false --output artifacts/porthor --nologo --verbosity quiet
export PORTHOR_PROGRAM="$PWD/artifacts/porthor/porthor.dll"
# One test program at a time: some tests measure time, and concurrent programs would slow each other down.
dotnet test --no-build --max-parallel-test-modules 1 "$@"
