#!/usr/bin/env bash
# Reports words that the texts and names of Porthor avoid, with the words to use instead. The words of the first list are reported in every
# line, those of the second list only in prose: Markdown, comments, and log messages. Only whole words are reported, in any case.
set -euo pipefail
cd "$(dirname "$0")/.."

everywhere='
ails|ailment|ailments: is unavailable, degraded
asker|askers: requester, client
doubt|doubts: warning
gate|gates: forward authentication; lock
ledger|ledgers: token index in code, token list in documents
reseal|reseals|resealed|resealing: re-encrypt
unseal|unseals|unsealed: decrypt
upkeep: maintenance
vault|vaults: record store in code, token records in documents
whoever|whomever|whatever: the noun that is meant
'

prose='
anew|once more: again
are away|is away|was away: is unavailable
are over|is over|was over: has ended, has expired
believe|believes|thinks: the technical verb
by itself|by themselves: alone, automatically
fault|faults: error, failure
forgets|forgot: removes, omits
gave up|give up|given up|gives up: stops, is closed
go on|goes on: continues
hence|thus: so, therefore
hereby|thereby|thereof|wherein|whereby: a sentence with a verb
knew|knows: has, contains
leaving: graceful shutdown
let in|let through|lets in|lets through: allowed
narrowed|narrowing|narrows: reduce
recall|recalled|recalls: look up in the cache
remember|remembered|remembers: cache, store
say nothing|says nothing: does not respond, does not contain
stranger|strangers|visitor|visitors: client, user
tell apart|telling apart|tells apart: distinguish
told|tells: reports, returns, contains
upon: on
wanted|wants: requested, requires
wherever|whichever: each, any
widen|widened|widening|widens: extend
'

# Exempt lines: the path of a file or folder (empty for all files), a colon, and a pattern for the line in lower case. These are prescribed
# texts, quotations, standard terms and names of other products.
# shellcheck disable=SC2016 # the backquotes are part of a pattern
allowed='
changelog.md:ledger|vault|field `fault`
license:.
docs/decisions/0037-record-store-and-token-index.md:ledger|vault
docs/operators/upgrade.md:ledger|vault|field `fault`
deploy/nginx/porthor/pass.conf:x-vault-token
deploy/systemd/:wants=
docs/developers/extending.md:porthor.crash.tests/faults
tests/:fault
:fault[ -]injection|faultinjectingproxy
'

# shellcheck disable=SC2016
git ls-files -z '*.cs' '*.razor' '*.md' '*.sh' '*.sql' '*.yaml' '*.yml' '*.conf' '*.cfg' '*.caddy' '*.props' '*.csproj' \
  ':!tools/words.sh' ':!tools/openapi' ':!docs/contract/scenarios.md' |
  EVERYWHERE=$everywhere PROSE=$prose ALLOWED=$allowed xargs -0 awk '
    function load(text, kind,   lines, count, i, at) {
      count = split(text, lines, "\n")
      for (i = 1; i <= count; i++)
        if ((at = index(lines[i], ": ")) > 0) {
          words[++rules] = "[^a-z0-9_](" substr(lines[i], 1, at - 1) ")[^a-z0-9_]"
          instead[rules] = substr(lines[i], at + 2)
          kinds[rules] = kind
          any[kind] = any[kind] (any[kind] == "" ? "" : "|") substr(lines[i], 1, at - 1)
        }
    }
    function exempt(   i) {
      for (i = 1; i <= exemptions; i++)
        if (index(tolower(FILENAME), place[i]) == 1 && line ~ pattern[i]) return 1
      return 0
    }
    function check(text, kind,   i) {
      if (text !~ "[^a-z0-9_](" any[kind] ")[^a-z0-9_]" || exempt()) return
      for (i = 1; i <= rules; i++)
        if (kinds[i] == kind && match(text, words[i])) {
          printf "%s:%d: \"%s\": use %s\n", FILENAME, FNR, substr(text, RSTART + 1, RLENGTH - 2), instead[i]
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
      } else if (FILENAME ~ /\.md$/ || line ~ /#|--/) check(line, "prose")
    }
    END { exit failed }
  '
