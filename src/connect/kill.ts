/**
 * Ends what a shell runs at the moment: the processes below it, and those of its session that started since and
 * lost their parent. Daemons that an earlier script left, or with a session of their own, live on.
 * With `whole` the shell goes too, so that scripts sent behind never start.
 */
export function killScript(shell: number, whole: boolean): string {
  return `
shell=${shell}
tree() { cat /proc/[0-9]*/stat 2>/dev/null | awk -v shell="$shell" -v roots="$1" '${CLOSURE}'; }
pids=$(tree '')
${whole ? 'pids="$shell $pids"' : ''}
[ -n "$pids" ] || exit 0
kill -TERM $pids 2>/dev/null
for round in 1 2 3 4 5 6 7 8 9 10; do
  sleep 0.1
  pids=$(tree "$pids")
  [ -n "$pids" ] || exit 0
done
for round in 1 2 3 4 5; do
  kill -KILL $pids 2>/dev/null
  sleep 0.1
  pids=$(tree "$pids")
  [ -n "$pids" ] || exit 0
done
exit 1
`
}

// Start times are coarse, so process ids decide between equals. Parents come before their children, so that a script dies before it can start its next command.
const CLOSURE = `
{ pid = $1; if (!sub(/^.*[)] /, "")) next; if ($1 == "Z") next
  up[pid] = $2; sid[pid] = $4; start[pid] = $20 + 0 }
function older(a, b) { return start[a] < start[b] || (start[a] == start[b] && a + 0 < b + 0) }
function take(p) { if (!(p in hit)) { hit[p] = 1; line = line p " "; more = 1 } }
END {
  for (p = shell; p in up && !(p in above); p = up[p]) above[p] = 1
  count = split(roots, given, " ")
  for (i = 1; i <= count; i++) if (given[i] in up) take(given[i])
  if (count == 0) {
    first = -1
    for (p in up) if (up[p] == shell) { take(p); if (first < 0 || older(p, first)) first = p }
    if (first >= 0) for (p in up)
      if (sid[p] == sid[shell] && older(first, p) && !(p in above)) mate[p] = 1
  }
  do { more = 0; for (p in up) if ((up[p] in hit && !(p in above)) || p in mate) take(p) } while (more)
  printf "%s", line
}`
