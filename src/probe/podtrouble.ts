import { sh } from '../base/shell.ts'

/** Reasons that time does not cure. */
export const HOPELESS =
  'ErrImageNeverPull|InvalidImageName|ImagePullBackOff|CreateContainerConfigError|OutOfmemory'

/** From this restart on a crash is no accident. */
export const CRASHES = 3

/** Says nothing that the pod's own state does not say already. */
const EMPTY_WORDS = '^(Error: |Back-off )'

const MESSAGES = '{range .items[*]}{.message}{"\\n"}{end}'

/**
 * Defines `cause POD NAMESPACE WHY`, which prints what the state of a pod does not tell: the last words of what has
 * crashed, else the last warning about it; and where to read on. Needs `k`.
 */
export const CAUSE = [
  'cause() { case $3 in',
  '*"node is not Ready"*) ;;',
  '*CrashLoopBackOff*) k logs "$1" -n "$2" --previous --tail=3 2>/dev/null;;',
  sh`*) k get events -n "$2" --field-selector "involvedObject.name=$1,type=Warning" -o jsonpath=${MESSAGES} 2>/dev/null |`,
  sh`grep -v -E ${EMPTY_WORDS} | tail -n 1;; esac`,
  'echo "more: k3s kubectl describe pod $1 -n $2"; }',
].join('\n')
