#!/usr/bin/env bash
# Writes the column Tests of docs/contract/scenarios.md: the tests whose comments contain the number of a scenario.
# With --check, changes nothing and fails if the column is out of date or a test names an unknown scenario.
set -euo pipefail
cd "$(dirname "$0")/.."
page=docs/contract/scenarios.md
work=$(mktemp -d)
trap 'rm -r "$work"' EXIT

numbers=$(grep -oE '^\| [A-Z]+-[0-9]+' "$page" | cut -c3-)
prefixes=$(cut -d- -f1 <<<"$numbers" | sort -u | paste -sd'|')

# One line for each scenario that a test names: its number and Class.Method, or only Class if the comment of the class has the number.
# A range such as "ING-018 to ING-025" names each number in it.
# shellcheck disable=SC2016
git ls-files -z 'tests/*.cs' | xargs -0 awk -v number="($prefixes)-[0-9]+" '
  function add(text, place,   id, previous, rest, n, from) {
    previous = ""
    while (match(text, number)) {
      id = substr(text, RSTART, RLENGTH)
      rest = substr(text, 1, RSTART - 1)
      if (previous != "" && rest == " to ") {
        from = substr(previous, index(previous, "-") + 1) + 1
        for (n = from; n < substr(id, index(id, "-") + 1) + 0; n++)
          printf "%s %s\n", sprintf("%s-%0*d", substr(id, 1, index(id, "-") - 1), length(id) - index(id, "-"), n), place
      }
      print id " " place
      previous = id
      text = substr(text, RSTART + RLENGTH)
    }
  }
  FNR == 1 { comment = ""; type = ""; place = "" }
  /^ *\/\/\// { sub(/^ *\/\/\/ ?/, ""); comment = comment (comment == "" ? "" : " ") $0; next }
  /^ *\[/ { comment = comment " ; " $0; next }
  /^[a-z].* (class|record|struct|interface) [A-Z]/ {
    type = $0
    sub(/.* (class|record|struct|interface) /, "", type)
    sub(/[^A-Za-z0-9_].*/, "", type)
    add(comment, type); comment = ""; place = type; next
  }
  /^    (public|private|internal|protected) / {
    head = $0
    name = ""
    if (match(head, /[A-Za-z0-9_]+(<[A-Za-z0-9_, ]+>)?\(/) && substr(head, 1, RSTART) !~ / = / && head ~ /^    public /) {
      name = substr(head, RSTART, RLENGTH - 1)
      sub(/<.*/, "", name)
    }
    place = name == "" ? type : type "." name
    add(comment " ; " $0, place); comment = ""; next
  }
  { if (type != "") add($0, place); else if ($0 !~ /^ *$/) comment = "" }
' | sort -u >"$work/named"

unknown=$(git grep -nowE "($prefixes)-[0-9]+" -- ':!changelog.d' |
  awk -F: 'NR == FNR { known[$1] = 1; next } !($3 in known)' <(echo "$numbers") -)
if [ -n "$unknown" ]; then
  echo "tools/scenarios.sh: $page does not have these scenarios:" "$unknown" >&2
  exit 1
fi

awk '
  NR == FNR { class = $2; sub(/\..*/, "", class); if (class != $2) exact[$1, class] = 1; line[NR] = $0; lines = NR; next }
  FNR == 1 {
    for (i = 1; i <= lines; i++) {
      split(line[i], part, " ")
      if (index(part[2], ".") == 0 && (part[1], part[2]) in exact) continue
      tests[part[1]] = tests[part[1]] (tests[part[1]] == "" ? "" : ", ") "`" part[2] "`"
    }
  }
  /^\| Number \|/ { split($0, cell, / \| /); sub(/ \|$/, "", cell[2]); print "| Number | " cell[2] " | Tests |"; wide = 1; next }
  /^\| --- \|/ && wide { print "| --- | --- | --- |"; wide = 0; next }
  /^\| [A-Z]+-[0-9]+ \|/ {
    split($0, cell, / \| /)
    id = substr(cell[1], 3)
    sub(/ \|$/, "", cell[2])
    print "| " id " | " cell[2] " | " (tests[id] == "" ? "–" : tests[id]) " |"
    next
  }
  { print }
' "$work/named" "$page" >"$work/page"

if [ "${1:-}" = --check ]; then
  if ! cmp -s "$work/page" "$page"; then
    echo "tools/scenarios.sh: the column Tests of $page is out of date; run 'tools/scenarios.sh'" >&2
    exit 1
  fi
else
  cat "$work/page" >"$page"
fi
