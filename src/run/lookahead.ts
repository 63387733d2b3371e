import { type Become, becomeOn } from '../core/host.ts'
import { isLate } from '../core/late.ts'
import type { Probes, Task } from '../core/task.ts'
import type { Bound } from '../load/bind.ts'
import type { Block, FlowNode, Play, Step } from '../load/program.ts'
import { FACTS, hostProbe } from '../probe/host.ts'
import { bindAhead, blockItemsAhead, looksLate, type Place, type Site } from './binding.ts'
import type { RunContext } from './context.ts'
import { stepsIn } from './nodes.ts'
import { exportsOf, type Look, lookOf, looksOf } from './observe.ts'
import type { Session } from './session.ts'

const probes = new WeakMap<Bound, Probes>()

/** The probes of a step: what is bound alike on many hosts has the same ones on all of them. */
export function probesOf({ task }: Step, bound: Bound): Probes {
  const known = probes.get(bound) ?? task.probes(bound.args)
  probes.set(bound, known)
  return known
}

/** What the steps of a play from that number on will look at, so that it travels in one flight with the next look. */
export function looksFrom(session: Session, play: Play, number: number, run: RunContext): Look[] {
  return flowLooks([...play.flow, ...play.gate], { session, play, run }, number)
}

/** What the rest of the play will look at, this step's other items included. */
export function looksAhead({ session, play, step, run }: Site): Look[] {
  return looksFrom(session, play, step.number, run)
}

/** What all plays that a host takes part in will look at. */
export function looksOfProgram(session: Session, run: RunContext): Look[] {
  const plays = run.program.plays.filter((play) => play.hosts.includes(session.host.name))
  return plays.flatMap((play) => looksFrom(session, play, 1, run))
}

/** A rescue is left out: it mostly never runs. */
function flowLooks(nodes: FlowNode[], place: Place, number: number): Look[] {
  const looks: Look[] = []
  for (const node of nodes) {
    if ('flush' in node) continue
    if ('body' in node) looks.push(...blockLooks(node, place, number))
    else if (node.number >= number && !isOthers(node, place))
      looks.push(...stepLooks({ ...place, step: node }))
  }
  return looks
}

/** While a looping block has steps to come, all of it is looked at: the next item begins from the start. */
function blockLooks(block: Block, place: Place, number: number): Look[] {
  const nodes = [...block.body, ...block.always]
  const from = block.loop === undefined || isOver(nodes, number) ? number : 1
  return blockItemsAhead(block, place).flatMap((item) => {
    const outerItems = item === undefined ? place.outerItems : { ...place.outerItems, [block.loopVar]: item }
    return flowLooks(nodes, { ...place, outerItems }, from)
  })
}

function isOver(nodes: FlowNode[], number: number): boolean {
  return stepsIn(nodes).every((step) => step.number < number)
}

/** What the first host runs for all needs no look on the others. */
function isOthers({ runOnce }: Step, { play, session }: Place): boolean {
  return runOnce && play.serial.length === 0 && play.hosts[0] !== session.host.name
}

function stepLooks(site: Site): Look[] {
  const { step, session } = site
  return bindAhead(site).flatMap((bound) => {
    const facts =
      bound.state === 'late' && bound.missing.some(({ name }) => name === FACTS) ? [hostLook(session)] : []
    if (bound.delegate !== undefined && bound.delegate !== session.host.name) return facts
    try {
      return [...facts, ...knownLooks(step, bound, becomeOn(session.host, step.become))]
    } catch {
      // The task can't say what to look at before its arguments are known.
      return facts
    }
  })
}

/** Anybody may see it; with the privilege of the other looks it needs no shell of its own. */
export function hostLook(session: Session): Look {
  return lookOf(hostProbe, { become: session.root, exports: '' })
}

const known = new WeakMap<Bound, Map<Become, Look[]>>()

/** What can be looked at by now, found out once for all hosts on which a step is bound alike. */
function knownLooks(step: Step, bound: Bound, become: Become): Look[] {
  const made = known.get(bound) ?? new Map<Become, Look[]>()
  known.set(bound, made)
  const looks =
    made.get(become) ??
    looksOf(probesOf(step, bound), { become, exports: exportsOf(bound.environment) }).filter(isKnown)
  made.set(become, looks)
  return looks
}

function isKnown(look: Look): boolean {
  return !looksLate(look.probe.key) && canBeTaken(look)
}

/** Whether an argument is not known yet that decides what is done, and is no text that may be left open. */
export function lacksChoice({ task }: Step, { state, args }: Bound): boolean {
  if (state !== 'late') return false
  const schemas: Record<string, Choice> = (task as Task).args.properties ?? {}
  return Object.entries(schemas).some(([name, schema]) => isChoice(schema) && isLate(args[name]))
}

interface Choice {
  type?: unknown
  enum?: unknown
}

function isChoice({ type, enum: words }: Choice): boolean {
  return words !== undefined || type === 'boolean' || type === 'integer' || type === 'number'
}

/** Whether all that it would run is known. */
export function canBeTaken({ probe: { script }, exports }: Look): boolean {
  return !looksLate(exports, typeof script === 'string' ? script : script.subject)
}
