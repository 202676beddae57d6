#!/usr/bin/env bash
# Reports words that the texts and names of Porthor avoid, with the word to use instead. The first list applies to every line, the second
# one to prose: Markdown, comments, and log messages. A line is exempt if it matches the third list.
set -euo pipefail
cd "$(dirname "$0")/.."

# Words in names and texts. Format: words, a colon, the words to use instead.
everywhere='
asker|askers: requester, client
gate|gates: forward authentication, lock
ledger|ledgers: token index (code), token list (documentation)
upkeep: maintenance
reseal|reseals|resealed|unseal|unsealed: re-encrypt, decrypt
doubt|doubts: warning
vault|vaults: record store (code), token records (documentation)
ailment|ailments|ails: error, failure
whoever|whomever|whatever: the noun that is meant
'

# Words in prose.
prose='
fault|faults: error, failure
remember|remembers|remembered: cache, cached, store
recall|recalls|recalled: look up in the cache
narrowed|narrows|narrowing|widen|widens|widened|widening: reduce, extend
stranger|strangers|visitor|visitors: client, signed-in user
leaving: graceful shutdown
once more|anew: again
by itself|by themselves: alone, automatically
goes on|go on: continues
gives up|give up|given up|gave up: stops, is closed
is away|are away|was away: is unavailable
is over|are over|was over: has ended, has expired
says nothing|say nothing: does not respond, does not contain
let in|lets in|let through|lets through: allowed
tells|told: reports, returns, contains
knows|knew: has, contains, is configured with
wants|wanted: requires, requested
thinks|believes|speaks|hears|forgets|forgot: the technical verb
thus|hence|hereby|thereby|wherein|thereof|albeit|upon|whichever|wherever: so, therefore, by, in, any
'

# Texts that the contract prescribes, quotations, and standard terms: a file (or the beginning of its path), a colon, and a pattern.
allowed='
CHANGELOG.md:ledger|vault
LICENSE:.
docs/decisions/0037-record-store-and-token-index.md:ledger|vault
docs/operators/upgrade.md:ledger|vault
deploy/nginx/porthor/pass.conf:X-Vault-Token
deploy/systemd/:Wants=
tests/:[Ff]ault
:fault injection
'

git ls-files -z '*.cs' '*.razor' '*.md' '*.sh' '*.sql' '*.yaml' '*.yml' '*.conf' '*.cfg' '*.caddy' '*.props' '*.csproj' \
  ':!tools/words.sh' ':!tools/openapi' ':!docs/contract/scenarios.md' |
  EVERYWHERE=$everywhere PROSE=$prose ALLOWED=$allowed xargs -0 awk '
    function load(text, kind,   lines, count, i, at) {
      count = split(text, lines, "\n")
      for (i = 1; i <= count; i++) {
        at = index(lines[i], ": ")
        if (at == 0) continue
        words[++rules] = "[^a-z0-9_](" substr(lines[i], 1, at - 1) ")[^a-z0-9_]"
        instead[rules] = substr(lines[i], at + 2)
        kinds[rules] = kind
        any[kind] = any[kind] (any[kind] == "" ? "" : "|") substr(lines[i], 1, at - 1)
      }
    }
    function exempt(   i) {
      for (i = 1; i <= exemptions; i++)
        if (index(FILENAME, place[i]) == 1 && $0 ~ pattern[i]) return 1
      return 0
    }
    function check(text, kind,   i, found) {
      if (text !~ "[^a-z0-9_](" any[kind] ")[^a-z0-9_]" || exempt()) return
      for (i = 1; i <= rules; i++)
        if (kinds[i] == kind && match(text, words[i])) {
          found = substr(text, RSTART + 1, RLENGTH - 2)
          printf "%s:%d: \"%s\": use %s\n", FILENAME, FNR, found, instead[i]
          failed = 1
        }
    }
    BEGIN {
      load(ENVIRON["EVERYWHERE"], "everywhere")
      load(ENVIRON["PROSE"], "prose")
      count = split(ENVIRON["ALLOWED"], lines, "\n")
      for (i = 1; i <= count; i++)
        if ((at = index(lines[i], ":")) > 0) {
          place[++exemptions] = substr(lines[i], 1, at - 1)
          pattern[exemptions] = substr(lines[i], at + 1)
        }
    }
    {
      line = tolower(" " $0 " ")
      check(line, "everywhere")
      if (FILENAME ~ /\.(cs|razor)$/) {
        if (match(line, /\/\/.*|@\*.*|message = ".*/)) check(" " substr(line, RSTART), "prose")
      } else if (FILENAME ~ /\.md$/ || line ~ /#|--/) {
        check(line, "prose")
      }
    }
    END { exit failed }
  '
