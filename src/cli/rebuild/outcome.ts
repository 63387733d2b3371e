import { memberOf } from '../../probe/noderecord.ts'
import type { NodeView } from '../../probe/nodeview.ts'
import type { Verdict, Wish } from '../../probe/rebuildwish.ts'
import type { RunReport } from '../../render/report.ts'
import { effortText } from './effort.ts'
import type { Seen } from './look.ts'

interface Course {
  before: Seen
  report: RunReport
  after: Seen
}

/** What another look finds once the run has gone well, and what all of it took. */
export function backText({ host }: Wish, verdict: Verdict, { before, report, after }: Course): string {
  const efforts = effortText([...before.looks, report, ...after.looks])
  if (!verdict.healthy)
    return [
      `${host} is not as it should be after all:`,
      ...verdict.found.map((one) => `  ${one}`),
      `  run the same command again: it goes on from here (${efforts})`,
    ].join('\n')
  const { node } = after.view
  return [
    `${host} is back: Ready, ${node?.version}, ${node?.address}, boot ${node?.boot_id}${memberText(after.view)}`,
    `(all in all ${efforts})`,
  ].join('\n')
}

function memberText(view: NodeView): string {
  const member = memberOf(view)
  const pod = view.places.find((one) => one.member)?.pod
  return member === undefined ? '' : `; ${pod} is ${member.state}, ${member.host_id}`
}

/** After a run that did not come to its end: where things stand, and how to go on. */
export function goOnText({ host, data }: Wish, { machine }: Seen): string {
  const disk = data === 'keep' ? `the volumes on the SSD of ${host} are untouched; ` : ''
  const next =
    machine === null
      ? `flash its SD card with the same name, user and key, plug its SSD in, switch it on; then run the same command without --powered-off`
      : 'run the same command again: it goes on where it stopped'
  return [
    `${host} is not back yet; ${next}`,
    `  (${disk}what must outlast the rebuild lies in the ConfigMap kube-system/provision-rebuild-${host.toLowerCase()})`,
  ].join('\n')
}
