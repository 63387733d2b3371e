import type { Json, JsonObject } from '../core/json.ts'
import { PLAY_HABITS, PLAY_KEYS } from './keywords.ts'
import type { Reader } from './reader.ts'
import { readBecome, readTags, readVars, StepReader, type Tasks, type WrittenStep } from './steps.ts'
import { isMapping } from './values.ts'

/** A play as it is written: its pattern not yet resolved, its steps neither numbered nor chosen by tags. */
export interface WrittenPlay {
  pointer: string
  name: string
  pattern: string | undefined
  vars: JsonObject
  steps: WrittenStep[]
  handlers: WrittenStep[]
}

/** Names of the known tasks that a playbook uses. */
export function usedTasks(playbook: Json, known: string[]): string[] {
  const lists = (Array.isArray(playbook) ? playbook : [])
    .filter(isMapping)
    .flatMap(({ tasks, handlers }) => [tasks, handlers])
  const steps = lists.filter(Array.isArray).flat().filter(isMapping)
  return known.filter((name) => steps.some((step) => Object.hasOwn(step, name)))
}

/** Reads the plays of a playbook; mistakes go to the reader's problems, and what holds one is left out. */
export function readPlays(reader: Reader, tasks: Tasks, names: string[]): WrittenPlay[] {
  const value = reader.document.value
  if (!Array.isArray(value) || value.length === 0) {
    reader.problem(
      '',
      'a playbook must be a list of plays',
      "begin with '- name: ...', 'hosts: ...' and 'tasks:' below it",
    )
    return []
  }
  const steps = new StepReader(reader, tasks, names)
  return value.flatMap((_, index) => readPlay(reader, steps, `/${index}`, `play ${index + 1}`) ?? [])
}

function readPlay(
  reader: Reader,
  steps: StepReader,
  pointer: string,
  unnamed: string,
): WrittenPlay | undefined {
  if (!isMapping(reader.get(pointer) ?? null)) {
    reader.problem(pointer, 'a play must be a mapping', "write '- hosts: all' with 'tasks:' below it")
    return undefined
  }
  reader.unknownKeys(pointer, PLAY_KEYS, 'a play', PLAY_HABITS)
  const pattern = reader.texts(`${pointer}/hosts`, "'hosts'").join(',')
  if (reader.get(`${pointer}/hosts`) === undefined)
    reader.problem(pointer, "the play lacks 'hosts'", "write e.g. 'hosts: all', a group or a host")
  const inherited = { become: readBecome(reader, pointer) ?? false, tags: readTags(reader, pointer) }
  const read = (key: string, handlers: boolean): WrittenStep[] =>
    reader
      .list(`${pointer}/${key}`, `'${key}'`, "'- name: ...' for each step")
      .flatMap((_, index) => steps.read(`${pointer}/${key}/${index}`, inherited, handlers) ?? [])
  return {
    pointer,
    name: reader.text(`${pointer}/name`, "'name'") ?? (pattern || unnamed),
    pattern: pattern === '' ? undefined : pattern,
    vars: readVars(reader, `${pointer}/vars`),
    steps: read('tasks', false),
    handlers: read('handlers', true),
  }
}
